"""Leases are kept by a thread, and a database that cannot be reached costs neither the training nor a number."""

import threading
import time

import pytest
from small_runs import Silent, small_config

from icl_cli.errors import LostRunError, UnreachableError
from icl_cli.store import (
    Claimant,
    Database,
    LeaseExpiredError,
    RunStatus,
    Watch,
    claim_run,
    current_owner,
    find_checkpoint,
    get_metrics,
    get_run,
    iterate_snapshots,
    store_sweep,
)
from icl_cli.sweeps import recorder as recording
from icl_cli.sweeps import run_experiment
from icl_cli.sweeps.heartbeat import Heartbeat


def test_leases_are_renewed_while_the_main_thread_does_nothing(database):
    run = claim_run(database, small_config(), Claimant(current_owner(), lease_seconds=1.0), name="small").run
    with Heartbeat(database, [run], seconds=0.02):
        deadline = time.monotonic() + 10
        while get_run(database, run.id).lease_expires_at <= run.lease_expires_at:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def _ask_for_ten_seconds(heartbeat: Heartbeat) -> None:
    for _ in range(500):
        heartbeat.require_owned()
        time.sleep(0.02)


def test_who_lost_a_run_hears_of_it(database):
    run = claim_run(database, small_config(), Claimant("far:1", lease_seconds=-1.0), name="small").run
    watching = Claimant("here:1", watch=Watch(seconds=0.0))
    with Heartbeat(database, [run], seconds=1.0) as heartbeat:
        heartbeat.require_owned()
        with pytest.raises(LeaseExpiredError):
            claim_run(database, run.config, watching, name="small")
        claim_run(database, run.config, watching, name="small")
        with pytest.raises(LostRunError, match="taken over by here:1"):
            _ask_for_ten_seconds(heartbeat)


def test_a_run_that_has_finished_is_no_loss(database):
    run = claim_run(database, small_config(), Claimant("far:1", lease_seconds=-1.0), name="small").run
    watching = Claimant("here:1", watch=Watch(seconds=0.0))
    with Heartbeat(database, [run], seconds=0.01) as heartbeat:
        heartbeat.finished(run)
        with pytest.raises(LeaseExpiredError):
            claim_run(database, run.config, watching, name="small")
        claim_run(database, run.config, watching, name="small")
        time.sleep(0.1)
        heartbeat.require_owned()
    assert get_run(database, run.id).owner == "here:1"


class Outage:
    """A stored call that fails as if the server were gone, while `calls` of it last."""

    def __init__(self, monkeypatch, module, name, first, calls):
        self.real, self.first, self.calls, self.seen = getattr(module, name), first, calls, 0
        monkeypatch.setattr(module, name, self)

    def __call__(self, *arguments, **named):
        self.seen += 1
        if self.first <= self.seen < self.first + self.calls:
            raise UnreachableError("The server does not answer.")
        return self.real(*arguments, **named)


@pytest.mark.parametrize(("first", "calls"), [(1, 2), (2, 3), (3, 1000)])
def test_training_goes_on_through_an_outage_and_leaves_what_it_would_have_left(tmp_path, monkeypatch, first, calls):
    config = small_config()
    with (
        Database.open(tmp_path / "whole.db", mode="create") as whole,
        Database.open(tmp_path / "cut.db", mode="create") as cut,
    ):
        run_experiment(whole, config, "small", Silent())
        monkeypatch.setattr(recording, "KEEP_SECONDS", 0.0)
        monkeypatch.setattr(recording, "RETRY_SECONDS", 0.001)
        outage = Outage(monkeypatch, recording, "record_progress", first, calls)
        listener = Silent()
        run = run_experiment(cut, config, "small", listener).run
        assert outage.seen > first
        assert run.status is RunStatus.FINISHED
        assert len(listener.waited) == 1
        assert "The server does not answer." in listener.waited[0]
        assert get_metrics(cut, run.id) == get_metrics(whole, run.id)
        assert find_checkpoint(cut, run.id) == find_checkpoint(whole, run.id)
        assert list(iterate_snapshots(cut, run.id)) == list(iterate_snapshots(whole, run.id))


def test_an_outage_without_end_ends_the_training_with_its_reason(database, monkeypatch):
    monkeypatch.setattr(recording, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(recording, "OUTAGE_SECONDS", 0.05)
    Outage(monkeypatch, recording, "record_progress", 2, 10**9)
    with pytest.raises(UnreachableError, match="does not answer"):
        run_experiment(database, small_config(), "small", Silent())


@pytest.mark.parametrize("call", ["claim_run", "find_checkpoint", "finish_run", "get_run"])
def test_whatever_a_training_asks_of_the_database_is_waited_for(database, monkeypatch, call):
    from icl_cli.sweeps import experiment

    monkeypatch.setattr(recording, "RETRY_SECONDS", 0.001)
    Outage(monkeypatch, experiment, call, 1, 3)
    listener = Silent()
    assert run_experiment(database, small_config(), "small", listener).run.status is RunStatus.FINISHED
    assert listener.waited == ["The server does not answer."]


class StopsTheServer(Silent):
    """A listener that stops the server in the middle of a training, and lets another thread start it again."""

    def __init__(self, server, seconds: float) -> None:
        super().__init__()
        self.server, self.seconds = server, seconds
        self.thread: threading.Thread | None = None
        self.steps_while_it_was_away = 0

    def stepped(self, step: int, loss: float) -> None:
        super().stepped(step, loss)
        if self.thread is None:
            self.server.stop()
            self.thread = threading.Thread(target=self._start_later)
            self.thread.start()
        elif self.thread.is_alive():
            self.steps_while_it_was_away += 1

    def _start_later(self) -> None:
        time.sleep(self.seconds)
        self.server.start()


@pytest.mark.parametrize("seconds", [2.0, pytest.param(20.0, marks=pytest.mark.slow)])
def test_a_server_that_stops_in_the_middle_costs_nothing(tmp_path, monkeypatch, postgresql, seconds):
    monkeypatch.setattr(recording, "KEEP_SECONDS", 0.0)
    config = small_config({"training.steps": 3000, "evaluation.points": 60, "evaluation.snapshots": 20})
    with (
        Database.open(tmp_path / "whole.db", mode="create") as whole,
        Database.open(postgresql.new_database(), mode="create") as cut,
    ):
        run_experiment(whole, config, "small", Silent())
        listener = StopsTheServer(postgresql, seconds)
        run = run_experiment(cut, config, "small", listener).run
        assert listener.thread is not None
        listener.thread.join()
        assert (run.status, run.attempt) == (RunStatus.FINISHED, 1)
        assert listener.steps_while_it_was_away > 0
        assert get_metrics(cut, run.id) == get_metrics(whole, run.id)
        assert find_checkpoint(cut, run.id) == find_checkpoint(whole, run.id)
        assert list(iterate_snapshots(cut, run.id)) == list(iterate_snapshots(whole, run.id))


def test_a_server_that_restarts_while_a_worker_starts_ends_no_sweep(tmp_path, monkeypatch, postgresql):
    from icl_cli.cli import sweep_work

    # Logs of runs on a server are kept with the user.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(recording, "RETRY_SECONDS", 0.1)
    url, config = postgresql.new_database(), small_config()
    with Database.open(url, mode="create") as database:
        sweep_id = store_sweep(database, "short", {}, [(config, "small")])
    postgresql.stop()
    starting = threading.Timer(1.0, postgresql.start)
    starting.start()
    try:
        sweep_work._train_waiting(sweep_id, 3, url)
    finally:
        starting.join()
    with Database.open(url, mode="read") as database:
        assert get_run(database, config.identity).status is RunStatus.FINISHED
