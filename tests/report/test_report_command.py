"""`icl report`: which runs, what it prints, and how it fails."""

import json
import os
from pathlib import Path

import pytest
from full_disk import largest_file
from recorded_runs import HOSTILE, begin, recorded_config

from icl_cli.cli.main import run as icl
from icl_cli.errors import IclError, NothingMatchedError
from icl_cli.report.write import runs_to_report, write_report
from icl_cli.store import Database, back_up, resolve_runs


def test_without_a_run_all_that_have_ended_are_reported(database):
    names = sorted(run.name for run in runs_to_report(database, ()))
    assert names == sorted([HOSTILE, "alone", "compared", "compared", "diverged"])


def test_runs_are_reported_once_and_as_asked_for(database):
    runs = runs_to_report(database, ["compared", "alone", resolve_runs(database, "alone")[0].short_id])
    assert [run.name for run in runs] == ["compared", "compared", "compared", "alone"]


def test_an_empty_database_says_how_to_fill_it(tmp_path):
    with (
        Database.open(tmp_path / "results.db", mode="create") as empty,
        pytest.raises(NothingMatchedError, match=r"No run is stored in .*icl train --layers 1"),
    ):
        runs_to_report(empty, ())


def test_unfinished_runs_alone_are_no_report(tmp_path):
    with Database.open(tmp_path / "results.db", mode="create") as unfinished:
        begin(unfinished, "slow", recorded_config())
        for references in ((), ("slow",)):
            with pytest.raises(NothingMatchedError, match="No run to report on has ended; there are 1 running"):
                runs_to_report(unfinished, references)


def test_the_command_prints_every_path(database, tmp_path, capsys):
    code = icl(["report", "diverged", "--db", str(database.path), "--output", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert (code, captured.out.splitlines()) == (0, [str(tmp_path / "out" / "index.html")])
    assert "open" in captured.err


def test_the_command_prints_json(database, tmp_path, capsys):
    code = icl(["report", "alone", "--db", str(database.path), "--output", str(tmp_path), "--json"])
    printed = json.loads(capsys.readouterr().out)["data"]
    assert (code, printed["page"]) == (0, str(tmp_path / "index.html"))
    assert sorted(printed["files"]) == sorted(str(path) for path in tmp_path.glob("*/*"))


@pytest.mark.parametrize("blocked", ["icl-report", "icl-report/figures", "icl-report/index.html"])
def test_what_cannot_be_written_is_one_line(database, tmp_path, blocked):
    directory = tmp_path / "icl-report"
    path = tmp_path / blocked
    if blocked.endswith("html"):
        path.mkdir(parents=True)
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text("in the way")
    with pytest.raises(IclError, match=r"^Cannot write .*--output\.$"):
        write_report(database, resolve_runs(database, "alone"), directory)


def _bytes_below(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_report_that_fails_leaves_the_older_one_as_it_was(database, tmp_path):
    write_report(database, resolve_runs(database, "alone"), tmp_path)
    before = _bytes_below(tmp_path)
    # Its page is larger than every other file.
    limit = max(len(content) for path, content in before.items() if path.name != "index.html") + 1
    assert len(before[tmp_path.joinpath("index.html").relative_to(tmp_path)]) > limit
    with pytest.raises(IclError, match=r"Cannot write .*index\.html: File too large"), largest_file(limit):
        write_report(database, resolve_runs(database, "alone"), tmp_path, sections=5)
    assert _bytes_below(tmp_path) == before


def test_a_database_whose_path_is_no_unicode_can_be_reported(database, tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.db")
    back_up(database, Path(path))
    assert icl(["report", "alone", "--db", path, "--output", str(tmp_path / "out")]) == 0
    assert "caf?.db" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_a_report_is_not_written_through_a_symbolic_link(database, tmp_path, capsys):
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    (out / "figures").symlink_to(elsewhere)
    assert icl(["report", "alone", "--db", str(database.path), "--output", str(out)]) == 1
    assert "figures: it is a symbolic link" in capsys.readouterr().err
    assert not list(elsewhere.iterdir())
