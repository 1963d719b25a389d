"""Everything that can be wrong with a database file, and that each says in one line what to do."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from database_files import EXISTING, MODES, files, record, refused
from filelock import FileLock
from small_runs import small_config

from icl_cli.errors import BusyError, NothingMatchedError, StoreError
from icl_cli.store import (
    Claimant,
    Database,
    Metric,
    claim_waiting,
    get_metrics,
    list_runs,
    list_sweeps,
    reclaim_lost,
    record_progress,
    store_sweep,
)
from icl_cli.store.sqlite.engines import APPLICATION_ID


@pytest.mark.parametrize("mode", EXISTING)
def test_missing(path, mode, monkeypatch):
    monkeypatch.chdir(path.parent)
    message = refused(Path("results.db"), mode, NothingMatchedError)
    first = "Run `icl train --layers 1 --db results.db` first"
    assert message == f"No database at results.db. Check the path. {first}, or name another database."
    assert files(path.parent) == []


@pytest.mark.parametrize("mode", EXISTING)
def test_missing_with_its_folder(path, mode):
    assert "No database" in refused(path.parent / "nowhere" / "results.db", mode, NothingMatchedError)
    path.write_text("a file, not a folder")
    assert "No database" in refused(path / "results.db", mode, NothingMatchedError)
    assert path.read_text() == "a file, not a folder"


@pytest.mark.parametrize("mode", MODES)
def test_folder(tmp_path, mode):
    assert "is a folder" in refused(tmp_path, mode)


@pytest.mark.parametrize("mode", MODES)
def test_device(mode):
    assert "not a regular file" in refused(Path("/dev/null"), mode)


@pytest.mark.parametrize("mode", MODES)
def test_impossible_names(tmp_path, mode):
    assert "Cannot look at" in refused(tmp_path / ("a" * 300), mode)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "Cannot look at" in refused(loop, mode)


def test_no_folder_to_make_it_in(path):
    folder = path.parent / "nowhere"
    assert f"there is no folder {folder}" in refused(folder / "results.db", "create")
    assert not folder.exists()


@pytest.mark.parametrize("mode", EXISTING)
def test_empty_file(path, mode):
    path.touch()
    assert f"is empty, no run was stored yet. Run `icl train --layers 1 --db {path}` first" in refused(path, mode)
    assert path.stat().st_size == 0
    assert files(path.parent) == ["results.db"]


def test_empty_file_becomes_a_database(path):
    path.touch()
    with Database.open(path, mode="create") as database:
        assert list_runs(database) == []


@pytest.mark.parametrize("mode", EXISTING)
def test_ours_without_a_schema_is_empty(path, mode, alter):
    alter(path, f"PRAGMA application_id = {APPLICATION_ID}")
    alter(path, "VACUUM")
    assert path.stat().st_size > 0
    assert "is empty" in refused(path, mode)
    with Database.open(path, mode="create") as database:
        assert list_runs(database) == []


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("mode", MODES)
def test_foreign_database_is_not_touched(path, mode, journal, alter):
    alter(path, "CREATE TABLE alembic_version (version_num TEXT)")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    before, facts = path.read_bytes(), path.stat()
    assert "database of another program and was left as it is" in refused(path, mode)
    assert path.read_bytes() == before
    assert path.stat().st_mtime_ns == facts.st_mtime_ns
    assert files(path.parent) == ["results.db"]


@pytest.mark.parametrize("content", [b"step,loss\n" * 500, b"x", b"SQLite format 3\0" + b"\xff" * 8000])
@pytest.mark.parametrize("mode", MODES)
def test_no_database_at_all(path, mode, content):
    path.write_bytes(content)
    assert "is not an SQLite database and was left as it is" in refused(path, mode)
    assert path.read_bytes() == content
    assert files(path.parent) == ["results.db"]


@pytest.mark.parametrize("mode", EXISTING)
def test_damage_in_the_middle(stored, mode):
    content = bytearray(stored.read_bytes())
    content[-4096 * 8 : -4096 * 4] = b"\xa5" * 4096 * 4
    stored.write_bytes(content)
    with (
        Database.open(stored, mode=mode) as database,
        pytest.raises(StoreError, match=r"is damaged \(database disk image is malformed\)") as raised,
        database.read() as connection,
    ):
        connection.exec_driver_sql("SELECT sum(value) FROM metrics").all()
    assert "sqlite3" in str(raised.value)


@pytest.mark.parametrize("mode", MODES)
def test_truncated(stored, mode):
    stored.write_bytes(stored.read_bytes()[:5000])
    assert "is damaged" in refused(stored, mode)


@pytest.mark.parametrize("mode", MODES)
def test_newer_schema(stored, mode, alter):
    alter(stored, "UPDATE alembic_version SET version_num = '0099'")
    before = stored.read_bytes()
    message = refused(stored, mode)
    assert "has schema 0099, newer than this icl knows (0003). Update it: `pip install --upgrade icl-cli`." in message
    assert stored.read_bytes() == before


def test_older_schema_is_not_upgraded_by_reading(stored, monkeypatch):
    for module in ("schema", "revision", "sqlite.backend"):
        monkeypatch.setattr(f"icl_cli.store.{module}.NEWEST_REVISION", "0004")
    message = refused(stored, "read")
    assert "has schema 0003, older than this icl's 0004" in message
    assert "`icl db upgrade`" in message


def test_rollback_journal_becomes_write_ahead_log_again(stored, alter):
    with closing(sqlite3.connect(stored)) as connection:
        assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    with Database.open(stored, mode="write") as database, database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.parametrize("mode", MODES)
def test_table_that_vanished(stored, alter, mode):
    alter(stored, "DROP TABLE runs")
    assert "lacks the table runs" in refused(stored, mode)


def test_locked_beyond_the_waiting_time(stored):
    with closing(sqlite3.connect(stored, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            Database.open(stored, mode="write", busy_seconds=0.05) as database,
            pytest.raises(BusyError, match="is locked by another process") as raised,
            database.write(),
        ):
            pass
    assert raised.value.exit_code == 75


def test_locked_by_a_migration(path):
    with FileLock(f"{path}.lock"):
        assert "Another process has been preparing" in refused(path, "create", BusyError, busy_seconds=0.05)


def test_full_disk_loses_nothing_and_goes_on(stored):
    with Database.open(stored, mode="write") as database:
        run = list_runs(database)[0]
        with database.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match=r"No space left .*database or disk is full.*Nothing stored was lost"):
            record(database, run.id, 5000, name="accuracy")
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM metrics").scalar() == 2000
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        record(database, run.id, 5000, name="accuracy")
    assert application_id_of(stored) == APPLICATION_ID


def application_id_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return connection.execute("PRAGMA application_id").fetchone()[0]


def test_full_disk_while_making_the_schema_can_be_made_good(path, monkeypatch):
    monkeypatch.setattr("icl_cli.store.sqlite.migration.mark_as_ours", lambda _: (_ for _ in ()).throw(disk_full()))
    assert "No space left" in refused(path, "create")
    monkeypatch.undo()
    with Database.open(path, mode="create") as database:
        assert list_runs(database) == []


def disk_full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


READERS = {
    "runs": list_runs,
    "sweeps": list_sweeps,
    "metrics": lambda database: get_metrics(database, small_config().identity, ["loss"]),
    "lost": lambda database: reclaim_lost(database, Claimant("there:1")),
}


@pytest.mark.parametrize(
    ("change", "refusing"),
    [
        ("UPDATE runs SET created_at = '2025-13-45 00:00:00.000000'", {"runs", "lost"}),
        ("UPDATE runs SET lease_expires_at = 'soon'", {"runs", "lost"}),
        ("UPDATE runs SET status = 'happy'", {"runs", "sweeps"}),
        ("UPDATE sweeps SET content = '{'", {"sweeps"}),
        ("UPDATE metrics SET value_nonfinite = 'abc'", {"metrics"}),
    ],
)
def test_a_stored_value_that_makes_no_sense_is_told_by_whoever_meets_it(path, change, refusing):
    with Database.open(path, mode="create") as database:
        sweep_id = store_sweep(database, "small", {"name": "small"}, [(small_config(), "small")])
        (claim,) = claim_waiting(database, sweep_id, Claimant("here:1", lease_seconds=1e6))
        points = [Metric(1, "loss", 0.5)]
        state = {"snapshot": None, "checkpoint": None, "training_seconds": 0.0, "lease_seconds": 1e6}
        record_progress(database, claim.run.id, owner="here:1", step=1, metrics=points, **state)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(change)
    assert {name for name, read in READERS.items() if _is_refused(path, read)} == refusing


def _is_refused(path: Path, read: Callable[[Database], object]) -> bool:
    with Database.open(path, mode="write") as database:
        try:
            read(database)
        except StoreError as error:
            assert "restore a copy" in str(error).lower()  # noqa: PT017
            return True
    return False


def wrong_while_reading(database: Database) -> None:
    with database.read():
        int("x")


def test_an_error_of_the_reader_itself_says_nothing_of_the_database(path):
    with Database.open(path, mode="create") as database, pytest.raises(ValueError, match="invalid literal"):
        wrong_while_reading(database)
