"""Several processes and threads on one database."""

import subprocess
import sys
import threading
import time
from contextlib import suppress

from sqlalchemy import select

from icl_cli.errors import StoreError
from icl_cli.store import Database, list_runs, renew_lease
from icl_cli.store.schema import runs
from icl_cli.store.target import is_url

OPENING = """
import sys
import icl_cli.store.sqlite.migration
from icl_cli.errors import StoreError
from icl_cli.store import Database, list_runs
print("ready", flush=True)
sys.stdin.readline()
with Database.open(sys.argv[1], mode="create") as database:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET step = step")
    assert list_runs(database) == []
"""


def test_processes_that_make_the_same_database_all_succeed(target: str, tmp_path):
    command = [sys.executable, "-W", "error", "-c", OPENING, target]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(6)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate()[1] for process in processes]
    assert errors == [""] * len(processes)
    assert [process.returncode for process in processes] == [0] * len(processes)
    if not is_url(target):
        assert sorted(file.name for file in tmp_path.iterdir()) == ["results.db", "results.db.lock"]
    with Database.open(target, mode="read") as database:
        assert list_runs(database) == []


def test_a_reader_does_not_wait_for_a_writer(database: Database, claim):
    claim()
    with Database.open(database.path, mode="read") as reader, database.write() as connection:
        connection.execute(runs.update().values(step=99))
        began = time.monotonic()
        assert [run.step for run in list_runs(reader)] == [0]
        assert time.monotonic() - began < 1.0
    assert [run.step for run in list_runs(database)] == [99]


def test_a_writer_does_not_wait_for_a_reader(database: Database, claim):
    run = claim().run
    with Database.open(database.path, mode="read") as reader, reader.read() as connection:
        query = select(runs.c.lease_expires_at)
        before = connection.execute(query).scalar()
        began = time.monotonic()
        renew_lease(database, run.id, owner="here:1", lease_seconds=900.0)
        assert time.monotonic() - began < 1.0
        # One moment of the database, for as long as the transaction lasts.
        assert connection.execute(query).scalar() == before


def test_a_heartbeat_thread_shares_the_database(database: Database, claim):
    run = claim().run
    failures = []

    def beat() -> None:
        try:
            for _ in range(25):
                renew_lease(database, run.id, owner="here:1", lease_seconds=900.0)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_writers_count_without_losing_one(database: Database, claim):
    claim()

    def count() -> None:
        with Database.open(database.path, mode="write") as mine:
            for _ in range(25):
                with mine.write() as connection:
                    step = connection.execute(select(runs.c.step).with_for_update()).scalar_one()
                    connection.execute(runs.update().values(step=step + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.step for run in list_runs(database)] == [100]


def test_an_exception_rolls_back(database: Database, claim):
    claim()
    for raised in (KeyboardInterrupt, ValueError):
        try:
            with database.write() as connection:
                connection.execute(runs.update().values(step=99))
                raise raised
        except raised:
            pass
    assert [run.step for run in list_runs(database)] == [0]


def test_reading_transactions_keep_nothing(database: Database, claim):
    run = claim().run
    # SQLite lets the owner of a file change it and takes it back; PostgreSQL refuses.
    with suppress(StoreError), database.read() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
    assert list_runs(database) == [run]
