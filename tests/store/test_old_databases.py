"""Files that earlier releases made are kept here, and become those of this release with everything that they hold."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from icl_cli.errors import StoreError
from icl_cli.store import (
    Database,
    RunStatus,
    check_database,
    find_checkpoint,
    iterate_snapshots,
    list_comparisons,
    list_curves,
    list_runs,
)
from icl_cli.store.annotations import list_tags
from icl_cli.store.schema import METADATA, NEWEST_REVISION, REVISIONS

OLD = Path(__file__).parent / "old"
RELEASED = REVISIONS[:-1]
UPGRADING = """
import sys
import icl_cli.store.sqlite.migration
from icl_cli.store import Database
print("ready", flush=True)
sys.stdin.readline()
with Database.open(sys.argv[1], mode="write") as database:
    print(database.upgrade is not None and database.upgrade.backup is not None)
"""


@pytest.fixture(params=RELEASED)
def revision(request) -> str:
    """Every schema before the newest."""
    return request.param


@pytest.fixture
def old(revision, tmp_path) -> Path:
    """A copy of the file that a release with this schema made."""
    shutil.copy(OLD / f"{revision}.db", tmp_path / "results.db")
    return tmp_path / "results.db"


def content(path: Path) -> dict[str, list[dict]]:
    """Every row of every table, by its columns' names."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        keys = {table.name: ", ".join(column.name for column in table.primary_key) for table in METADATA.sorted_tables}
        return {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY {key}")]
            for table, key in keys.items()
            if table in there
        }


def named(connection) -> dict[str, set]:
    """The names of all indexes and constraints, table by table."""
    inspector = inspect(connection)
    return {
        table: {index["name"] for index in inspector.get_indexes(table)}
        | {key["name"] for key in inspector.get_foreign_keys(table)}
        | {inspector.get_pk_constraint(table)["name"]}
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_a_file_of_every_schema_before_the_newest_is_kept_and_small():
    assert sorted(file.name for file in OLD.glob("*.db")) == [f"{revision}.db" for revision in RELEASED]
    assert all(file.stat().st_size < 300_000 for file in OLD.glob("*.db"))


def test_an_old_file_keeps_all_its_rows(old, revision):
    before = content(old)
    assert all(before[table] for table in ("runs", "metrics", "snapshots", "checkpoints", "comparisons", "curves"))
    with Database.open(old, mode="write") as database:
        assert database.upgrade is not None
        assert (database.upgrade.before, database.upgrade.after) == (revision, NEWEST_REVISION)
        assert check_database(database).problems == ()
    after = content(old)
    for table, rows in before.items():
        assert [{name: row[name] for name in kept} for kept, row in zip(rows, after[table], strict=True)] == rows


def test_an_old_file_is_understood(old):
    with Database.open(old, mode="write") as database:
        found = {run.name: run for run in list_runs(database)}
        assert {name: run.status for name, run in found.items()} == {
            "whole": RunStatus.FINISHED,
            "stopped": RunStatus.INTERRUPTED,
        }
        assert find_checkpoint(database, found["stopped"].id) is not None
        assert len(list(iterate_snapshots(database, found["whole"].id))) > 1
        assert list_comparisons(database, [found["whole"].id])
        assert list_curves(database)
        assert {run.fruitless_attempts for run in found.values()} == {0}
        assert {run.note for run in found.values()} == {None}
        assert list_tags(database) == {}


def test_indexes_and_constraints_have_the_names_of_the_schema(old):
    with Database.open(old, mode="write") as database, database.read() as connection:
        found = named(connection)
    assert found == {
        table.name: {index.name for index in table.indexes}
        | {constraint.name for constraint in table.constraints if constraint.name is not None}
        for table in METADATA.sorted_tables
    }


def test_reading_refuses_an_old_file_and_says_what_upgrades_it(old, revision):
    before = old.read_bytes()
    with pytest.raises(StoreError, match=rf"has schema {revision}, older than .*{NEWEST_REVISION}.*`icl db upgrade`"):
        Database.open(old, mode="read")
    assert old.read_bytes() == before


def test_a_copy_of_the_old_data_is_kept(old):
    before = content(old)
    with Database.open(old, mode="create") as database:
        backup = database.upgrade.backup
    assert backup == old.with_name(f"results.before-{NEWEST_REVISION}.db")
    assert content(backup) == before
    assert sorted(file.name for file in old.parent.iterdir()) == [backup.name, "results.db", "results.db.lock"]
    # The copy is a database like any other.
    with Database.open(backup, mode="write") as again:
        assert len(list_runs(again)) == 3


def test_no_copy_replaces_another_file(old):
    taken = old.with_name(f"results.before-{NEWEST_REVISION}.db")
    taken.write_text("mine")
    with Database.open(old, mode="write") as database:
        backup = database.upgrade.backup
    assert taken.read_text() == "mine"
    assert backup == old.with_name(f"results.before-{NEWEST_REVISION}-2.db")
    assert content(backup)["runs"]


def test_of_a_file_without_rows_no_copy_is_kept(old, alter):
    for table in content(old):
        alter(old, f"DELETE FROM {table}")
    with Database.open(old, mode="write") as database:
        assert database.upgrade is not None
        assert database.upgrade.backup is None


def test_a_copy_that_cannot_be_made_leaves_everything_as_it_was(old, monkeypatch):
    before = content(old)
    monkeypatch.setattr("icl_cli.store.sqlite.migration._flush", lambda _: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        Database.open(old, mode="write")
    monkeypatch.undo()
    assert content(old) == before
    with Database.open(old, mode="write") as database:
        assert database.upgrade.backup is not None
    assert not list(old.parent.glob("*.unfinished"))


def test_processes_that_upgrade_at_once_do_it_once(old):
    pipe = subprocess.PIPE
    command = [sys.executable, "-W", "error", "-c", UPGRADING, old]
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(8)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate() for process in processes]
    assert [errors for _, errors in said] == [""] * 8
    assert sorted(output.strip() for output, _ in said) == ["False"] * 7 + ["True"]
    assert len(list(old.parent.glob("results.before-*"))) == 1
    with Database.open(old, mode="read") as database:
        assert len(list_runs(database)) == 3
