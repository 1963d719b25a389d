"""The database as `icl doctor` sees it: whole, missing, empty, damaged, foreign, of another release, far away."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from icl_cli.doctor import database as database_checks
from icl_cli.doctor.finding import Level
from icl_cli.store import Claimant, Database, claim_run, current_owner
from icl_cli.store.schema import NEWEST_REVISION

OLD = Path(__file__).parent.parent / "store" / "old" / "0001.db"


def test_a_whole_database(found, results):
    first, *others = found("database", results)
    assert first.level is Level.OK
    assert "SQLite file" in first.text
    assert f"{results.stat().st_size / 1e6:.1f} MB" in first.text
    assert f"schema {NEWEST_REVISION}" in first.text
    # A copy has no write-ahead log until somebody writes to it.
    assert [(other.level, other.mend) for other in others] == [(Level.NOTE, f"icl db upgrade --db {results}")]
    assert [finding.level for finding in found("integrity", results)] == [Level.OK]
    assert [finding.text for finding in found("runs", results)] == ["71 finished"]
    assert [finding.text for finding in found("copies", results)] == ["no copy of an upgrade is left"]


def test_the_command_that_mends_the_journal_does(found, results):
    Database.open(results, mode="write").close()
    assert [finding.level for finding in found("database", results)] == [Level.OK]


def make_empty(path):
    path.touch()


def make_foreign(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")


def make_text(path):
    path.write_text("no database " * 100)


def make_short(path):
    path.write_text("short")


def make_old(path):
    shutil.copy(OLD, path)


def make_newer(path):
    Database.open(path, mode="create").close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")


def make_folder(path):
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "level", "text", "mend"),
    [
        (lambda path: None, Level.NOTE, "No database at", "icl train --layers 1 --db {}"),
        (make_empty, Level.NOTE, "is empty", "icl train --layers 1 --db {}"),
        (make_foreign, Level.PROBLEM, "of another program", "icl doctor --db ANOTHER.db"),
        (make_text, Level.PROBLEM, "not an SQLite database", "file -- {}"),
        (make_short, Level.PROBLEM, "not an SQLite database", "file -- {}"),
        (make_old, Level.PROBLEM, "schema 0001, older", "icl db upgrade --db {}"),
        (make_newer, Level.PROBLEM, "schema 0099, newer", "pip install --upgrade icl-cli"),
        (make_folder, Level.PROBLEM, "is a folder", "icl doctor --db ANOTHER.db"),
    ],
)
def test_what_cannot_be_opened(found, only, tmp_path, make, level, text, mend):
    path = tmp_path / "results.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    finding = only(found("database"))
    assert (finding.level, finding.mend) == (level, mend.format(path))
    assert text in finding.text
    # It is said once: the other checks have nothing to say of it.
    assert [found(name) for name in ("integrity", "runs", "copies")] == [[], [], []]
    assert (path.read_bytes() if path.is_file() else None) == before


def test_nothing_is_written(found, results):
    before = {path.name: path.read_bytes() for path in results.parent.iterdir()}
    for name in ("database", "integrity", "runs", "copies", "file system", "room", "locks", "clock"):
        found(name, results)
    assert {path.name: path.read_bytes() for path in results.parent.iterdir()} == before


def test_damaged_pages(found, only, results):
    whole = bytearray(results.read_bytes())
    whole[-100 * 4096 :] = b"\xa5" * 100 * 4096
    results.write_bytes(whole)
    finding = only(found("integrity", results))
    assert finding.level is Level.PROBLEM
    assert "is damaged" in finding.text
    assert finding.mend == f"sqlite3 {results} .recover | sqlite3 rescued.db"


def test_a_damaged_first_table(found, only, results):
    whole = bytearray(results.read_bytes())
    whole[4096 * 10 : 4096 * 60] = b"\xa5" * 50 * 4096
    results.write_bytes(whole)
    said = [finding for name in ("database", "integrity") for finding in found(name, results)]
    assert any(finding.level is Level.PROBLEM and "damaged" in finding.text for finding in said)


def test_large_files_are_left_to_a_command_that_takes_its_time(found, only, results, monkeypatch):
    monkeypatch.setattr(database_checks, "MOST_BYTES_TO_CHECK", 1000)
    assert f"icl db check --db {results}" in only(found("integrity", results)).text


@pytest.fixture
def claimed(tmp_path, config_of):
    """A database with one run of an owner."""

    def claim(owner: str) -> Path:
        with Database.open(tmp_path / "results.db", mode="create") as database:
            claim_run(database, config_of(), Claimant(owner, {}, 60.0), name="one")
        return tmp_path / "results.db"

    return claim


@pytest.fixture
def config_of():
    from configs import run_config

    return run_config


def test_a_run_that_lost_its_process(found, claimed):
    # This boot and namespace, and a process that cannot be: the first one starts with the machine.
    host, _, birth = current_owner().split(":")
    path = claimed(f"{host}:{os.getpid()}:{birth.rpartition('.')[0]}.1")
    counts, lost = found("runs", path)
    assert (counts.text, lost.level, lost.mend) == ("1 running", Level.NOTE, f"icl db init --db {path}")
    assert "1 lost" in lost.text


def test_a_run_whose_process_lives(found, only, claimed):
    assert only(found("runs", claimed(current_owner()))).text == "1 running"


def test_the_command_that_gives_lost_runs_up_does(found, only, claimed):
    from icl_cli.cli.main import run

    host, _, birth = current_owner().split(":")
    path = claimed(f"{host}:{os.getpid()}:{birth.rpartition('.')[0]}.1")
    assert run(["db", "init", "--db", str(path)]) == 0
    assert only(found("runs", path)).text == "1 interrupted"


def test_copies_of_upgrades(found, only, tmp_path):
    path = tmp_path / "my results.db"
    make_old(path)
    Database.open(path, mode="write").close()
    (tmp_path / "my results.before-2024.txt").write_text("mine")
    (tmp_path / "my results.before-0001-2.unfinished").write_text("half")
    finding = only(found("copies", path))
    assert finding.level is Level.NOTE
    size = sum(each.stat().st_size for each in tmp_path.glob("my results.before-000*"))
    assert f"2 copies of the data before upgrades take {size / 1e3:.1f} kB" in finding.text
    copies = [f"'{tmp_path}/my results.before-{end}'" for end in ("0001-2.unfinished", f"{NEWEST_REVISION}.db")]
    assert finding.mend == f"rm -- {' '.join(copies)}"


def test_a_clock_that_is_behind(found, only, results, alter):
    assert only(found("clock", results)).level is Level.OK
    later = datetime.now(UTC) + timedelta(hours=1)
    alter(results, "UPDATE runs SET created_at = ?", later.strftime("%Y-%m-%d %H:%M:%S.%f"))
    finding = only(found("clock", results))
    assert (finding.level, finding.mend) == (Level.NOTE, "timedatectl set-ntp true")


def test_a_server(found, only, postgresql):
    url = postgresql.new_database()
    assert only(found("database", url)).level is Level.NOTE
    Database.open(url, mode="create").close()
    finding = only(found("database", url))
    assert finding.level is Level.OK
    assert "PostgreSQL 1" in finding.text
    assert [each.level for name in ("integrity", "runs", "clock") for each in found(name, url)] == [Level.OK] * 3
    assert [found(name, url) for name in ("copies", "file system", "room", "locks")] == [[]] * 4


def test_a_server_that_cannot_be_reached(found, only):
    finding = only(found("database", "postgresql://me@localhost:1/results"))
    assert (finding.level, finding.mend) == (Level.PROBLEM, "pg_isready --dbname postgresql://me@localhost:1/results")


def test_a_server_without_the_database(found, only, postgresql):
    finding = only(found("database", postgresql.url("nothing")))
    assert (finding.level, finding.mend) == (Level.PROBLEM, "createdb -h HOST NAME")


@pytest.mark.parametrize("url", ["postgresql://me:s3cret@server/results", "mysql://me:s3cret@server/results"])
def test_a_url_that_is_not_allowed_is_never_repeated(found, only, url):
    finding = only(found("database", url))
    assert finding.level is Level.PROBLEM
    assert "s3cret" not in finding.text + str(finding.mend)
    assert found("file system", url) == []
