"""icl db as a user meets it, on files and on a server."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from small_runs import TINY

from icl_cli.store.schema import NEWEST_REVISION

OLD = Path(__file__).parent.parent / "store" / "old" / "0001.db"
COMMANDS = ("init", "upgrade", "check", "backup", "prune", "copy")


@pytest.fixture
def old(tmp_path) -> Path:
    """A file of an earlier schema with two finished runs and an interrupted one."""
    shutil.copy(OLD, tmp_path / "results.db")
    return tmp_path / "results.db"


@pytest.fixture
def filled(icl, old):
    icl("db", "upgrade")
    return icl


def one_line(result, code: int) -> None:
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1), result


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_two_examples(icl, command):
    result = icl("db", command, "--help")
    assert result.code == 0
    assert "Examples:" in result.out
    assert result.out.split("Examples:")[1].count("icl db") >= 2


def test_the_group_lists_its_commands(icl):
    result = icl("db", "--help")
    assert all(command in result.out for command in COMMANDS)


def test_an_empty_database_is_made_once(icl, tmp_path):
    first, second = icl("db", "init"), icl("db", "init")
    assert (first.code, second.code) == (0, 0)
    assert "Made results.db\nNext: icl train --layers 1" in first.err
    assert "already a database at results.db" in second.err
    assert icl("runs", "list").code == 4


def test_a_server_serves_every_command(icl, postgresql, tmp_path):
    url = postgresql.new_database()
    one_line(icl("runs", "list", "--db", url), 4)
    assert icl("reproduce", "--list", "--db", url).code == 0
    assert "Made postgresql://" in icl("db", "init", "--db", url).err
    trained = icl("train", *TINY, "--name", "tiny", "--db", url)
    assert trained.code == 0, trained.err
    assert "Next: icl compare --db 'postgresql://" in trained.err
    for words in (["compare", "--baseline", "gd"], ["report"], ["runs", "show", "latest"], ["runs", "thin", "thin.db"]):
        result = icl(*words, "--db", url)
        assert result.code == 0, result.err
    assert icl("db", "check", "--db", url).code == 0
    assert icl("db", "backup", "saved.db", "--db", url).out == "saved.db\n"
    saved, served = (
        json.loads(icl("runs", "show", "tiny", "--json", "--db", db).out)["data"] for db in ("saved.db", url)
    )
    assert saved == served


def test_a_password_is_refused_before_anything_happens(icl):
    for words in (["runs", "list"], ["train", *TINY], ["db", "init"], ["reproduce", "--list"]):
        result = icl(*words, "--db", "postgresql://ada:s3cret@server/results")
        one_line(result, 2)
        assert "PGPASSWORD" in result.err
        assert "s3cret" not in result.err


@pytest.mark.parametrize(
    "words",
    [
        ["runs", "list", "--db", "postgresql:/ada:s3cret@server/results"],
        ["doctor", "--db", "postgresql:/ada:s3cret@server/results"],
        ["db", "check", "--db", "postgresql://ada@server:s3cret/results", "--debug"],
        ["db", "copy", "a.db", "host=server password=s3cret"],
        ["db", "copy", "a.db", "host=server", "password=s3cret"],
        ["db", "copy", "a.db", "b.db", "postgresql://ada:s3cret@server/results"],
        ["import", "a.zip", "--db", "postgresql://ada%3As3cret@server/results"],
    ],
    ids=" ".join,
)
def test_a_password_in_a_slip_is_never_repeated(icl, words):
    result = icl(*words)
    assert result.code in (1, 2)
    assert "s3cret" not in result.out + result.err


def test_an_upgrade_says_from_which_to_which_and_what_it_kept(icl, old):
    one_line(icl("runs", "list"), 1)
    result = icl("db", "upgrade")
    assert result.code == 0
    kept = f"The data as they were: results.before-{NEWEST_REVISION}.db."
    told = f"Upgraded results.db from schema 0001 to {NEWEST_REVISION}. {kept}"
    assert told in result.err
    assert "nothing to do" in icl("db", "upgrade").err
    one_line(icl("db", "upgrade", "--db", "missing.db"), 4)


def test_a_command_that_writes_says_that_it_upgraded(icl, old):
    result = icl("compare", "whole", "--baseline", "gd", "--no-curves")
    assert result.code == 0
    assert f"The data as they were: results.before-{NEWEST_REVISION}.db." in result.err


def test_check(filled, old):
    found = filled("db", "check")
    assert found.code == 0
    assert ": 1 baseline, 3 runs, " in found.err
    whole = json.loads(filled("db", "check", "--json").out)["data"]
    assert (whole["rows"]["runs"], whole["problems"]) == (3, [])
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE snapshots SET weights = x'00' WHERE step = 0")
    result = filled("db", "check")
    assert result.code == 1
    assert result.out.count("\n") == result.out.count("snapshots: The stored weights of run") == 3
    assert len(json.loads(filled("db", "check", "--json").out)["data"]["problems"]) == 3


def test_backup(filled, tmp_path):
    assert filled("db", "backup", "copy.db").code == 0
    assert filled("db", "check", "--db", "copy.db").code == 0
    one_line(filled("db", "backup", "copy.db"), 2)
    one_line(filled("db", "backup", "nowhere/copy.db"), 1)
    one_line(filled("db", "backup", "other.db", "--db", "missing.db"), 4)


def test_prune_shows_asks_and_deletes(filled, monkeypatch):
    words = ["db", "prune", "--status", "interrupted", "--older-than", "0"]
    shown = filled(*words, "--dry-run")
    assert shown.out.count("interrupted stopped seed 2") == 1
    assert "1 run would be deleted." in shown.err
    one_line(filled(*words), 2)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert filled(*words).code == 130
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    refused = filled(*words)
    assert (refused.code, "Nothing was deleted." in refused.err) == (0, True)
    assert len(json.loads(filled("runs", "list", "--json").out)["data"]) == 3
    result = filled(*words, "--yes", "--json")
    assert json.loads(result.out)["data"]["deleted"] == 1
    assert [run["status"] for run in json.loads(filled("runs", "list", "--json").out)["data"]] == ["finished"] * 2
    assert "0 runs deleted." in filled(*words, "--yes").err


def test_prune_takes_failed_runs_of_a_month_ago_unless_told_otherwise(filled):
    assert json.loads(filled("db", "prune", "--json").out)["data"] == {"deleted": 0, "dry_run": False, "runs": []}
    one_line(filled("db", "prune", "--status", "running"), 2)
    assert filled("db", "prune", "--older-than", "-1").code == 2
    assert filled("db", "prune", "--older-than", "inf").code == 0


def test_copy_there_and_back(filled, postgresql):
    url = postgresql.new_database()
    result = filled("db", "copy", "results.db", url)
    assert result.code == 0, result.err
    assert "3 runs copied to postgresql://" in result.err
    again = json.loads(filled("db", "copy", "results.db", url, "--json").out)["data"]
    assert again == {"copied": 0, "present": 3, "in_training": []}
    assert "2 runs copied to back.db, 0 there already." in filled("db", "copy", url, "back.db", "--run", "whole").err
    whole = [
        json.loads(filled("runs", "show", "whole", "--json", "--db", db).out)["data"]
        for db in ("results.db", "back.db")
    ]
    assert whole[0] == whole[1]


def test_copying_onto_itself_and_from_nowhere_is_refused(filled, tmp_path):
    (tmp_path / "link.db").symlink_to("results.db")
    for target in ("results.db", "./results.db", "link.db"):
        one_line(filled("db", "copy", "results.db", target), 2)
    one_line(filled("db", "copy", "missing.db", "new.db"), 4)
    one_line(filled("db", "copy", "results.db", "new.db", "--run", "unknown"), 4)
    assert not (tmp_path / "new.db").exists()
