"""Everything that can be wrong with a database file, and that each says in one line what to do."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from filelock import FileLock

from icl_cli.errors import BusyError, IclError, NothingMatchedError, StoreError
from icl_cli.store import Claimant, Database, Metric, claim_run, get_metrics, list_runs, record_progress
from icl_cli.store.sqlite.engines import APPLICATION_ID

MODES = ("create", "write", "read")
EXISTING = ("write", "read")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.db"


@pytest.fixture
def stored(path, config_of) -> Path:
    """A closed database with one run of 2,000 metrics."""
    with Database.open(path, mode="create") as database:
        run = claim_run(database, config_of(), Claimant("here:1", {}, 60.0), name="first").run
        record(database, run.id, 2000)
    return path


def record(database: Database, run_id: str, count: int, name: str = "loss") -> None:
    record_progress(
        database,
        run_id,
        owner="here:1",
        step=count,
        metrics=[Metric(step, name, 0.1 * step) for step in range(count)],
        snapshot=None,
        checkpoint=None,
        training_seconds=1.0,
        lease_seconds=60.0,
    )


def refused(path: Path, mode, kind: type[IclError] = StoreError, **settings) -> str:
    """The message with which opening is refused: one line that names the path as given."""
    with pytest.raises(kind) as raised:
        Database.open(path, mode=mode, **settings).close()
    message = str(raised.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("mode", EXISTING)
def test_missing(path, mode, monkeypatch):
    monkeypatch.chdir(path.parent)
    message = refused(Path("results.db"), mode, NothingMatchedError)
    assert message == "No database at results.db. Run `icl train --layers 1` first, or name another with --db."
    assert files(path.parent) == []


@pytest.mark.parametrize("mode", EXISTING)
def test_missing_with_its_folder(path, mode):
    refused(path.parent / "nowhere" / "results.db", mode, NothingMatchedError)
    path.write_text("a file, not a folder")
    refused(path / "results.db", mode, NothingMatchedError)


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
    assert "is empty, no run was stored yet. Run `icl train --layers 1`" in refused(path, mode)
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
    assert "has schema 0099, newer than this icl knows (0002). Update it: `pip install --upgrade icl-cli`." in message
    assert stored.read_bytes() == before


def test_older_schema_is_not_upgraded_by_reading(stored, monkeypatch):
    for module in ("schema", "revision", "sqlite.backend"):
        monkeypatch.setattr(f"icl_cli.store.{module}.NEWEST_REVISION", "0003")
    message = refused(stored, "read")
    assert "has schema 0002, older than this icl's 0003" in message
    assert "`icl db upgrade`" in message


def test_rollback_journal_becomes_write_ahead_log_again(stored, alter):
    with closing(sqlite3.connect(stored)) as connection:
        assert connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    with Database.open(stored, mode="write") as database, database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_table_that_vanished(stored, alter):
    alter(stored, "DROP TABLE runs")
    with Database.open(stored, mode="read") as database, pytest.raises(StoreError, match="no such table: runs"):
        list_runs(database)


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


def test_reading_changes_nothing_and_leaves_nothing_behind(stored):
    before, listed = stored.read_bytes(), files(stored.parent)
    with Database.open(stored, mode="read") as database:
        assert len(list_runs(database)) == 1
        with pytest.raises(StoreError, match="cannot be written"), database.write() as connection:
            connection.exec_driver_sql("DELETE FROM runs")
    assert stored.read_bytes() == before
    assert files(stored.parent) == listed == ["results.db", "results.db.lock"]


def test_a_reader_leaves_the_side_files_of_a_writer_alone(stored, config_of):
    with Database.open(stored, mode="read") as reader:
        assert len(list_runs(reader)) == 1
        with Database.open(stored, mode="write") as writer:
            claim_run(writer, config_of(1), Claimant("here:1", {}, 60.0), name="second")
            assert len(list_runs(reader)) == 2
            reader.close()
            assert (stored.parent / "results.db-wal").exists()
            claim_run(writer, config_of(2), Claimant("here:1", {}, 60.0), name="third")
    assert files(stored.parent) == ["results.db", "results.db.lock"]
    with Database.open(stored, mode="read") as reader:
        assert len(list_runs(reader)) == 3


@pytest.mark.parametrize("mode", ["read", "write", "create"])
def test_a_copying_of_the_log_that_was_stopped_half_way_loses_nothing(stored, config_of, tmp_path, mode):
    # SQLite copies pages in order, the first one with the new size: stopped there, the file alone makes no sense.
    half = tmp_path / "half.db"
    with Database.open(stored, mode="write") as database:
        record(database, config_of().identity, 3000)
        old, log = stored.read_bytes(), Path(f"{stored}-wal").read_bytes()
    new = stored.read_bytes()
    page = int.from_bytes(new[16:18], "big")
    assert len(new) > len(old)
    half.write_bytes(new[:page] + old[page:])
    Path(f"{half}-wal").write_bytes(log)
    with Database.open(half, mode=mode) as database, Database.open(stored, mode="read") as whole:
        assert get_metrics(database, config_of().identity) == get_metrics(whole, config_of().identity)


def test_a_log_that_a_killed_writer_left_is_read(stored, config_of, tmp_path):
    copy = tmp_path / "killed"
    copy.mkdir()
    with Database.open(stored, mode="write") as writer:
        claim_run(writer, config_of(1), Claimant("here:1", {}, 60.0), name="second")
        # The three files as a kill at this moment leaves them.
        for file in stored.parent.glob("results.db*"):
            shutil.copy(file, copy)
    before = (copy / "results.db").read_bytes()
    with Database.open(copy / "results.db", mode="read") as reader:
        assert len(list_runs(reader)) == 2
    assert (copy / "results.db").read_bytes() == before


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "a#b.db", "größe.db", "x&mode=memory.db"])
def test_names_that_mean_something_in_a_uri(tmp_path, name, config_of):
    with Database.open(tmp_path / name, mode="create") as database:
        claim_run(database, config_of(), Claimant("here:1", {}, 60.0), name="first")
    assert files(tmp_path) == sorted([name, f"{name}.lock"])
    with Database.open(tmp_path / name, mode="read") as database:
        assert len(list_runs(database)) == 1


def test_symbolic_link(stored, tmp_path):
    link = tmp_path / "elsewhere"
    link.mkdir()
    (link / "latest.db").symlink_to(stored)
    with Database.open(link / "latest.db", mode="write") as database:
        assert len(list_runs(database)) == 1
    assert files(link) == ["latest.db"]


def test_opening_twice_in_one_process_keeps_the_locks(stored):
    # A close() of the file by anyone but SQLite would drop the locks of the first connection.
    with Database.open(stored, mode="write") as first, first.write() as connection:
        connection.exec_driver_sql("DELETE FROM metrics")
        for mode in EXISTING:
            Database.open(stored, mode=mode).close()
        probe = "import sys, sqlite3; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
        outcome = subprocess.run([sys.executable, "-c", probe, stored], capture_output=True, text=True, check=False)
        assert "database is locked" in outcome.stderr
        assert (stored.parent / "results.db-wal").exists()


UNPRIVILEGED = """
import os, sys
from pathlib import Path
import pydantic, sqlalchemy.dialects.sqlite, icl_cli.store.sqlite.migration
from icl_cli.errors import IclError
from icl_cli.store import Database, list_runs
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    with Database.open(Path(sys.argv[1]), mode=sys.argv[2]) as database:
        print(len(list_runs(database)), "runs")
except IclError as error:
    print(type(error).__name__, error)
"""


def as_a_mere_user(path: Path, mode: str) -> str:
    """What a process that mode bits bind says; root gives up its privileges first."""
    command = [sys.executable, "-W", "error", "-c", UNPRIVILEGED, path, mode]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if "PermissionError" in outcome.stderr and "os.set" in outcome.stderr:
        pytest.skip("this container lets no process give up root")
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.strip()


@pytest.fixture
def read_only(stored) -> Iterator[Path]:
    """A read-only database in a read-only folder that every user can reach; pytest's own folders are private."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "results.db"
        shutil.copy(stored, path)
        path.chmod(0o444)
        folder.chmod(0o555)
        yield path
        folder.chmod(0o755)


def test_read_only_file_in_read_only_folder_is_read(read_only):
    listed = files(read_only.parent)
    assert as_a_mere_user(read_only, "read") == "1 runs"
    assert files(read_only.parent) == listed


def test_writable_file_in_read_only_folder_is_read(read_only):
    read_only.chmod(0o666)
    assert as_a_mere_user(read_only, "read") == "1 runs"


@pytest.mark.parametrize("mode", ["create", "write"])
def test_read_only_database_is_not_written(read_only, mode):
    before = read_only.read_bytes()
    assert "or its folder is read-only. Make both writable" in as_a_mere_user(read_only, mode)
    assert read_only.read_bytes() == before


def test_read_only_folder(read_only):
    message = as_a_mere_user(read_only.with_name("another.db"), "create")
    assert message.startswith("StoreError Cannot make")
    assert "is read-only" in message


def test_unreadable_file(read_only):
    read_only.chmod(0o000)
    assert "may not be read by this user" in as_a_mere_user(read_only, "read")


def test_change_while_reading_without_locks_is_noticed(stored, config_of, monkeypatch):
    monkeypatch.setattr("icl_cli.store.sqlite.location.Location.is_writable", False)
    with Database.open(stored, mode="read") as reader:
        assert len(list_runs(reader)) == 1
        assert files(stored.parent) == ["results.db", "results.db.lock"]
        with closing(sqlite3.connect(stored)) as connection, connection:
            connection.execute("DELETE FROM runs")
        with pytest.raises(StoreError, match="was changed while it was read"):
            list_runs(reader)
