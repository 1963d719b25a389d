"""A disk without room: what is stored is read, writing says what is wrong, and deleting makes room."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from database_files import record
from full_disk import largest_file

from icl_cli.cli.main import run as icl
from icl_cli.errors import BusyError, FullDiskError, StoreError
from icl_cli.store import (
    Claimant,
    Database,
    check_database,
    claim_run,
    copy_runs,
    delete_in_place,
    get_metrics,
    list_runs,
    release_run,
)

# Too little for the index of a log, which has 32 KiB.
LITTLE = 1000


@pytest.fixture
def crashed(stored, config_of, tmp_path) -> Path:
    """A database, closed by nobody, of which a run is in the log alone."""
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with Database.open(stored, mode="write") as database:
        claim_run(database, config_of(1), Claimant("here:1", {}, 60.0), name="second")
        for name in ("results.db", "results.db-wal"):
            shutil.copy(stored.with_name(name), crashed)
    return crashed / "results.db"


def test_what_is_stored_is_read(stored):
    before = stored.read_bytes()
    with largest_file(LITTLE), Database.open(stored, mode="read") as database:
        assert len(list_runs(database)) == 1
        assert check_database(database).problems == ()
    assert stored.read_bytes() == before


def test_what_is_in_a_log_alone_is_read(crashed):
    with largest_file(LITTLE), Database.open(crashed, mode="read") as database:
        assert len(list_runs(database)) == 2
        with pytest.raises(StoreError, match="cannot be written"), database.write() as connection:
            connection.exec_driver_sql("DELETE FROM runs")
    with Database.open(crashed, mode="read") as database:
        assert len(list_runs(database)) == 2


def test_a_change_while_it_is_read_so_is_noticed(stored, config_of):
    with largest_file(LITTLE):
        reader = Database.open(stored, mode="read")
    with reader:
        with Database.open(stored, mode="write") as writer:
            claim_run(writer, config_of(1), Claimant("here:1", {}, 60.0), name="second")
        with pytest.raises(StoreError, match="was changed while it was read"):
            list_runs(reader)


@pytest.mark.parametrize("mode", ["create", "write"])
def test_writing_says_that_there_is_no_room(stored, mode):
    with largest_file(LITTLE), pytest.raises(FullDiskError, match=r"No space left for .*free space"):
        Database.open(stored, mode=mode)


def test_deleting_says_what_to_do(stored, capsys):
    with largest_file(LITTLE):
        code = icl(["runs", "delete", "first", "--yes", "--db", str(stored)])
    assert code == 1
    assert "name a folder on another disk: --keep FOLDER" in capsys.readouterr().err


def test_who_has_a_file_alone_keeps_others_out(stored):
    with Database.open_alone(stored) as alone:
        assert len(list_runs(alone)) == 1
        with pytest.raises(BusyError, match="locked"):
            Database.open(stored, mode="read", busy_seconds=0.01)
    with Database.open(stored, mode="write"), pytest.raises(BusyError, match="locked"):
        Database.open_alone(stored, busy_seconds=0.01)


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A folder on a disk of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this user may not mount a small disk: {error}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


@pytest.fixture
def full(stored, config_of, small_disk) -> Path:
    """A database of two runs on a disk that is full to the last byte."""
    with Database.open(stored, mode="write") as database:
        second = claim_run(database, config_of(1), Claimant("here:1", {}, 60.0), name="second").run
        record(database, second.id, 2000)
        for run in list_runs(database):
            release_run(database, run.id, owner="here:1")
    shutil.copy(stored, small_disk)
    _fill(small_disk)
    assert os.statvfs(small_disk).f_bavail == 0
    return small_disk / "results.db"


def test_runs_of_a_full_disk_are_deleted_and_come_back(full, stored, tmp_path, capsys):
    size = full.stat().st_size
    words = ["runs", "delete", "second", "--yes", "--db", str(full)]
    assert icl([*words, "--keep", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'results.deleted.db'}\n"
    assert full.stat().st_size < size
    (full.parent / "filler").unlink()
    with (
        Database.open(full, mode="write") as left,
        Database.open(tmp_path / "results.deleted.db", mode="read") as kept,
        Database.open(stored, mode="read") as whole,
    ):
        assert check_database(left).problems == ()
        assert [run.name for run in list_runs(left)] == ["first"]
        assert copy_runs(kept, left).copied == 1
        assert list_runs(left) == list_runs(whole)
        for run in list_runs(whole):
            assert get_metrics(left, run.id) == get_metrics(whole, run.id)
    assert not list(tmp_path.glob("*before-deletion*"))


def test_where_nothing_can_be_kept_nothing_is_deleted(full):
    before = full.read_bytes()
    with Database.open_alone(full) as database, pytest.raises(StoreError, match=r"No space left|Nothing was deleted"):
        delete_in_place(database, [run.id for run in list_runs(database)], full.parent, "results")
    assert full.read_bytes() == before
    assert not list(full.parent.glob("*deleted*"))
