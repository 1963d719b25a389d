"""`icl plot`: files where they are asked for, one-line refusals, and the list of kinds."""

import json

import pandas
import pytest
from small_runs import TINY

from icl_cli.report.plot_kinds import PLOT_KINDS


@pytest.fixture
def trained(icl):
    assert icl("train", *TINY, "--seeds", "2", "--name", "tiny").code == 0
    return icl


def test_the_latest_run_is_drawn_in_every_format(trained, tmp_path):
    result = trained("plot", "loss", "--data", "--json")
    assert result.code == 0, result.err
    written = json.loads(result.out)["data"]
    paths = [tmp_path / path for path in written["files"]]
    assert [path.suffix for path in paths] == [".svg", ".pdf", ".png", ".csv"]
    assert [path.read_bytes()[:4] for path in paths[:3]] == [b"<?xm", b"%PDF", b"\x89PNG"]
    assert set(pandas.read_csv(paths[3])["seed"].dropna()) == {0, 1}
    assert "2 seeds" in written["caption"]


def test_a_file_gets_the_format_of_its_name(trained, tmp_path):
    (tmp_path / "plots").mkdir()
    result = trained("plot", "loss", "tiny", "--output", "plots/mine.svg", "--data")
    assert result.out.split() == ["plots/mine.svg", "plots/mine.csv"]
    assert "Next: icl" in result.err
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["mine.csv", "mine.svg"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["plot"], 2, "KIND is missing"),
        (["plot", "los"], 2, "Did you mean 'loss'?"),
        (["plot", "loss", "--format", "pdf,jpg"], 2, "Unknown format 'jpg'"),
        (["plot", "loss", "--format", ","], 2, "--format: none given"),
        (["plot", "loss", "--output", "mine.jpg"], 2, "a file must end with"),
        (["plot", "loss", "--output", "mine.svg", "--format", "pdf"], 2, "Give one of the two"),
        (["plot", "loss", "--columns", "3"], 2, "--columns"),
        (["plot", "loss", "--set", "log"], 2, "write NAME=VALUE, with NAME one of baselines, log, training."),
        (["plot", "shift", "--set", "log=true"], 2, "'log' given, but --log is an option of its own"),
        (["plot", "shift", "--set", "linear"], 2, "'linear' given, but --linear is an option of its own"),
        (["plot", "onset", "--set", "log"], 2, "--log is an option of its own"),
        (["plot", "cosine", "--log"], 2, "do not apply to cosine"),
        (["plot", "loss", "nobody"], 4, "nobody"),
        (["plot", "shift"], 4, "Measure it by `icl compare"),
        (["plot", "onset"], 4, "--analysis plateau --db results.db`"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(trained, tmp_path, words, code, message):
    result = trained(*words)
    assert result.code == code
    assert result.err.startswith("icl: ")
    assert result.err.count("\n") == 1
    assert message in result.err
    assert not (tmp_path / "icl-plots").exists()


def test_the_command_that_a_missing_number_names_measures_it(trained):
    command = trained("plot", "onset").err.split("`")[1]
    assert trained(*command.split()[1:]).code == 0
    # The loss of so short a run never leaves its plateau, so that there is now a number, which is none.
    assert "missing or not finite" in trained("plot", "onset").err


def test_the_list_names_every_kind_without_a_database(icl):
    result = icl("plot", "--list", "--json")
    assert [one["kind"] for one in json.loads(result.out)["data"]] == list(PLOT_KINDS)
    table = icl("plot", "--list")
    assert all(name in table.out for name in PLOT_KINDS)
    assert max(map(len, table.out.splitlines())) <= 80
