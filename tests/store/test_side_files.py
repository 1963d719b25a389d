"""Readers, writers and what is left beside a database file: logs, locks, links and odd names."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from database_files import EXISTING, MODES, files, record

from icl_cli.errors import StoreError
from icl_cli.store import Claimant, Database, check_database, claim_run, get_metrics, list_runs


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


@pytest.mark.parametrize("mode", MODES)
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


def test_change_while_reading_without_locks_is_noticed(stored, config_of, monkeypatch):
    monkeypatch.setattr("icl_cli.store.sqlite.location.Location.is_writable", False)
    with Database.open(stored, mode="read") as reader:
        assert len(list_runs(reader)) == 1
        assert files(stored.parent) == ["results.db", "results.db.lock"]
        with closing(sqlite3.connect(stored)) as connection, connection:
            connection.execute("DELETE FROM runs")
        with pytest.raises(StoreError, match="was changed while it was read"):
            list_runs(reader)


def test_a_copy_without_its_log_is_suspected_where_a_run_is_running(stored, config_of, tmp_path):
    copies = [tmp_path / name for name in ("without", "with")]
    with Database.open(stored, mode="write") as writer:
        claim_run(writer, config_of(1), Claimant("here:1", {}, 60.0), name="second")
        for copy, names in zip(copies, (["results.db"], ["results.db", "results.db-wal"]), strict=True):
            copy.mkdir()
            for name in names:
                shutil.copy(stored.with_name(name), copy)
    found = []
    for copy in copies:
        with Database.open(copy / "results.db", mode="read") as database:
            found.append((len(list_runs(database)), check_database(database)))
    assert [runs for runs, _ in found] == [1, 2]
    assert [check.problems for _, check in found] == [(), ()]
    (suspicion,) = found[0][1].notes
    assert "1 run is marked as running" in suspicion
    assert "without its log" in suspicion
    assert found[1][1].notes == ()
