"""Files whose schema somebody else wrote: told at once, before anything in it could act."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from database_files import EXISTING, MODES, refused

from icl_cli.store import Database, back_up, check_database
from icl_cli.store.sqlite.fresh_file import make_fresh_file

OLD = Path(__file__).parent / "old"
# Takes a minute and 100 MB for each row that SQLite looks at.
ENDLESS = " AND ".join(f"instr(hex(zeroblob({50_000_000 + number} + length(name))), 'x') = 0" for number in range(100))


def rewrite(path: Path, table: str, old: str, new: str) -> None:
    """Change the statement that makes a table as somebody would whom SQLite lets write its schema."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        assert old in sql
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (sql.replace(old, new, 1), table))
        connection.commit()


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("runs", "step INTEGER NOT NULL", f"step INTEGER NOT NULL CHECK ({ENDLESS})", "step INTEGER NOT NULL CHECK("),
        ("runs", "note TEXT", f"note TEXT, CHECK ({ENDLESS})", "CHECK(instr(hex("),
        ("runs", "note TEXT", f"note TEXT CONSTRAINT evil CHECK ({ENDLESS})", "note TEXT CONSTRAINT evil"),
        ("runs", "note TEXT", "note TEXT GENERATED ALWAYS AS (hex(name))", "note TEXT GENERATED"),
        ("runs", "note TEXT", "note TEXT DEFAULT (randomblob(9))", "note TEXT DEFAULT("),
        ("runs", "note TEXT", "note TEXT /* , x */", "in its table runs"),
        ("runs", "note TEXT", "note\N{NO-BREAK SPACE}TEXT", r"'note\xa0TEXT' in its table runs"),
        ("runs", "CONSTRAINT pk_runs PRIMARY KEY (id)", "CONSTRAINT pk_runs PRIMARY KEY (name)", "(name)"),
        ("sweep_runs", "ON DELETE CASCADE", "ON DELETE SET NULL", "in its table sweep_runs"),
        ("snapshots", "BLOB NOT NULL", "BLOB NOT NULL ON CONFLICT IGNORE", "in its table snapshots"),
        ("alembic_version", "NOT NULL", "NOT NULL CHECK (length(version_num))", "in its table alembic_version"),
    ],
)
@pytest.mark.parametrize("mode", EXISTING)
def test_a_column_or_constraint_that_is_not_ours(stored, mode, table, old, new, said):
    rewrite(stored, table, old, new)
    before = stored.read_bytes()
    message = refused(stored, mode)
    assert said in message
    assert "which no results database has" in message
    assert message.isprintable()
    assert stored.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TRIGGER evil AFTER UPDATE ON runs BEGIN DELETE FROM runs; END", "has a trigger evil,"),
        ("CREATE VIEW evil AS SELECT * FROM runs", "has a view evil,"),
        ("CREATE VIRTUAL TABLE evil USING fts5(a)", "has a table evil,"),
        ("CREATE TABLE evil (a)", "has a table evil,"),
        ("CREATE TABLE 'a\x1b[31m' (a)", r"has a table 'a\x1b[31m',"),
        ("CREATE INDEX evil ON runs (length(name))", "has an index evil,"),
        ("CREATE INDEX evil ON runs (name) WHERE step > 1", "has an index evil,"),
        ("DROP INDEX ix_runs_name", "lacks the index ix_runs_name"),
        ("ALTER TABLE runs DROP COLUMN note", "lacks 'note TEXT' in its table runs"),
        ("ALTER TABLE runs RENAME TO mine", "has a table mine,"),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_what_no_results_database_has_or_every_one_has(stored, alter, mode, statement, said):
    alter(stored, statement)
    assert said in refused(stored, mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_view_in_the_place_of_a_table(stored, alter, mode):
    alter(stored, "ALTER TABLE runs RENAME TO mine")
    alter(stored, "CREATE VIEW runs AS SELECT * FROM mine")
    assert "no results database has" in refused(stored, mode)
    alter(stored, "DROP VIEW runs")
    alter(stored, "ALTER TABLE mine RENAME TO runs")
    alter(stored, "ALTER TABLE alembic_version RENAME TO mine")
    alter(stored, f"CREATE VIEW alembic_version AS SELECT '0003' AS version_num FROM runs WHERE {ENDLESS}")
    assert "has a table mine" in refused(stored, mode)


def test_a_foreign_schema_in_the_log_alone(stored, tmp_path):
    with closing(sqlite3.connect(stored)) as connection:
        connection.execute("CREATE VIEW evil AS SELECT * FROM runs")
        connection.commit()
        copy = tmp_path / "copy" / "results.db"
        copy.parent.mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(f"{stored}{suffix}", f"{copy}{suffix}")
    assert "has a view evil" in refused(copy, "read")


def test_a_constraint_is_not_run_by_the_checks_of_a_file(stored):
    """In a process of its own, which a test that waits for SQLite could not stop."""
    rewrite(stored, "runs", "note TEXT", f"note TEXT CHECK ({ENDLESS})")
    run = "from icl_cli.cli.main import run; import sys; sys.exit(run(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", run, "db", "check", "--db", str(stored)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "in its table runs, which no results database has" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_foreign_part_of_an_older_schema(path, revision):
    shutil.copy(OLD / f"{revision}.db", path)
    rewrite(path, "summaries", "name VARCHAR(80) NOT NULL", f"name VARCHAR(80) NOT NULL CHECK ({ENDLESS})")
    assert "in its table summaries, which no results database has" in refused(path, "write")


def test_every_file_that_this_program_makes_is_ours(stored, tmp_path, alter):
    make_fresh_file(tmp_path / "fresh.db")
    with Database.open(stored, mode="read") as database:
        back_up(database, tmp_path / "copy.db")
    for name in ("fresh.db", "copy.db"):
        with Database.open(tmp_path / name, mode="read") as database:
            assert check_database(database).problems == ()
    # Other programs may have asked SQLite to count rows; it keeps that in a table of its own.
    alter(stored, "ANALYZE")
    Database.open(stored, mode="write").close()
