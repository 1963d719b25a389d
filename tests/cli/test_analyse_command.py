"""`icl analyse` as a user meets it."""

import json

import pytest
from small_runs import TINY

from icl_cli.sweeps import ANALYSES


@pytest.fixture
def trained(icl):
    """`icl` beside a database with two seeds of a recurrent model and, later, one run of a single layer."""
    icl("train", *TINY, "--layers", "2", "--recurrent", "--seeds", "2", "--name", "looped")
    icl("train", *TINY, "--name", "single")
    return icl


def test_the_table_fits_and_the_next_command_is_named(trained):
    result = trained("analyse")
    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= 80
    assert result.out.count("critical-damping") == 4
    assert "Stored curves: roll-out-1, roll-out-0.875, roll-out-0.75, attention-1-1." in result.err
    assert "Next: icl report" in result.err


def test_json_holds_every_point_of_every_seed(trained):
    found = json.loads(trained("analyse", "looped", "--analysis", "curvature", "--json").out)["data"]
    assert [run["seed"] for run in found] == [0, 1]
    for run in found:
        assert list(run["analyses"]) == ["curvature"]
        kinds = {point["kind"] for point in run["analyses"]["curvature"]}
        assert {"curvature-rate", "curvature-map", "condition-number", "eigenvalues-after"} <= kinds


def test_runs_to_which_nothing_applies_are_passed_over(trained):
    found = json.loads(trained("analyse", "looped", "single", "--analysis", "critical-damping", "--json").out)["data"]
    assert [run["name"] for run in found] == ["single"]


def test_the_report_is_written_from_analyses_alone(trained, tmp_path):
    trained("analyse")
    assert trained("report").code == 0
    page = (tmp_path / "icl-report" / "index.html").read_text(encoding="utf-8")
    assert "λ = 0.875" in page
    assert "icl compare" in page


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["--analysis", "curvatur"], 2, ["'curvature'", "plateau", "cancellation"]),
        (["single", "--analysis", "curvature"], 4, ["curvature", "two or more linear layers", "--analysis"]),
        (["nobody"], 4, ["nobody", "icl runs list"]),
    ],
)
def test_bad_requests_name_what_is_allowed(trained, words, code, named):
    result = trained("analyse", *words)
    assert result.code == code
    assert result.out == ""
    assert len(result.err.splitlines()) == 1, result.err
    for word in named:
        assert word in result.err


def test_help_names_every_analysis(icl):
    shown = icl("analyse", "--help").out
    assert all(name in shown for name in ANALYSES)
