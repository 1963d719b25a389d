"""Signals within a transaction: what it writes is written first; what it reads is given up at once."""

import signal
import threading

import pytest
from sqlalchemy import event

from icl_cli.store import RunStatus, get_run, list_runs, release_run
from icl_cli.store.interruption import UninterruptedEnds, uninterrupted


@pytest.fixture(autouse=True)
def interruptible():
    """SIGINT raises KeyboardInterrupt, also where a shell started the tests in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_once_at_the_end(monkeypatch, number):
    heard = []
    before = signal.signal(number, lambda *_: heard.append("handler"))
    try:
        with uninterrupted(), uninterrupted():
            signal.raise_signal(number)
            signal.raise_signal(number)
            heard.append("work")
        assert heard == ["work", "handler"]
    finally:
        signal.signal(number, before)


def interrupted_and_failing() -> None:
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("of the work")


def test_an_error_of_the_work_stays_the_context_of_what_the_handler_raises():
    with pytest.raises(KeyboardInterrupt) as raised:
        interrupted_and_failing()
    assert isinstance(raised.value.__context__, ValueError)


def test_other_threads_are_left_alone():
    errors = []

    def work() -> None:
        try:
            with uninterrupted():
                pass
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []


def interrupted_write(database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET error = 'kept'")
        signal.raise_signal(signal.SIGINT)


def test_a_transaction_that_a_signal_meets_is_committed(database, claim):
    run = claim().run
    with pytest.raises(KeyboardInterrupt):
        interrupted_write(database)
    assert get_run(database, run.id).error == "kept"
    release_run(database, run.id, owner="here:1")
    assert get_run(database, run.id).status is RunStatus.INTERRUPTED


class Logged:
    """A context manager that writes down when it is entered and left, and raises SIGINT while it is entered or left."""

    def __init__(self, log, interrupted=None):
        self.log, self.interrupted = log, interrupted

    def __enter__(self):
        self._pass("entering")
        return "value"

    def __exit__(self, *_):
        self._pass("leaving")

    def _pass(self, what):
        if self.interrupted == what:
            signal.raise_signal(signal.SIGINT)
        self.log.append(what)


@pytest.mark.parametrize("interrupted", ["entering", "leaving"])
def test_a_signal_at_either_end_waits_for_it_and_leaves_nothing_open(interrupted):
    log = []

    def work():
        with UninterruptedEnds(lambda: Logged(log, interrupted)) as value:
            log.append(value)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert log == (["entering", "leaving"] if interrupted == "entering" else ["entering", "value", "leaving"])


def interrupted_read(database, log) -> None:
    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1").all()
        signal.raise_signal(signal.SIGINT)
        log.append("went on")


def test_a_signal_while_a_reader_connects_waits_until_it_has(database):
    connected = []

    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        connected.append("whole")

    pool = database._backend.reading.pool
    event.listen(pool, "checkout", interrupt)
    with pytest.raises(KeyboardInterrupt), database.read():
        connected.append("read")
    event.remove(pool, "checkout", interrupt)
    assert connected == ["whole"]
    assert pool.checkedout() == 0
    assert list_runs(database) == []


def test_a_read_that_a_signal_meets_ends_at_once(database, claim):
    run, log = claim().run, []
    with pytest.raises(KeyboardInterrupt):
        interrupted_read(database, log)
    assert log == []
    assert [one.id for one in list_runs(database)] == [run.id]
