"""One process trains a run at a time, and a run that was lost can be taken over."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from icl_cli.config import RunConfig
from icl_cli.errors import BusyError, LostRunError, NothingMatchedError, StoreError, UsageError
from icl_cli.store import (
    Claim,
    ClaimOutcome,
    Database,
    LeaseExpiredError,
    Metric,
    RunStatus,
    Summary,
    find_checkpoint,
    find_run,
    finish_run,
    free_runs,
    get_metrics,
    get_run,
    get_runs,
    get_summaries,
    list_runs,
    record_progress,
    release_run,
    renew_lease,
)
from icl_cli.store.leases import Watch
from icl_cli.store.ownership import current_owner, owner_lives

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
WORKER = Path(__file__).parent / "claiming_worker.py"


def record(database: Database, run_id: str, owner: str = "here:1", step: int = 10) -> None:
    record_progress(
        database,
        run_id,
        owner=owner,
        step=step,
        metrics=[Metric(step, "loss", 0.5)],
        snapshot=b"weights",
        checkpoint=b"state",
        training_seconds=1.5,
        lease_seconds=60.0,
    )


def finish(database: Database, run_id: str, owner: str = "here:1", status: RunStatus = RunStatus.FINISHED) -> None:
    finish_run(database, run_id, owner=owner, status=status, step=20, training_seconds=2.5, summaries=[])


OWN_NAME = "from icl_cli.store.ownership import current_owner; print(current_owner())"


def test_new_run_is_stored_as_it_was_claimed(database, claim, config_of):
    claimed = claim(seed=3, now=NOON)
    run = claimed.run
    assert claimed.outcome is ClaimOutcome.NEW
    assert get_run(database, run.id) == run
    assert (run.id, run.family, run.config) == (config_of(3).identity, config_of(3).family, config_of(3))
    assert (run.status, run.attempt, run.step, run.seed, run.owner) == (RunStatus.RUNNING, 1, 0, 3, "here:1")
    assert (run.created_at, run.started_at, run.finished_at) == (NOON, NOON, None)
    assert run.lease_expires_at == NOON + timedelta(seconds=60)
    assert run.provenance == {"host": "here"}
    assert run.short_id == run.id[:8]


def test_times_keep_their_moment_in_any_zone(claim):
    elsewhere = datetime(2025, 6, 1, 17, 30, 0, 123456, tzinfo=UTC).astimezone()
    run = claim(now=elsewhere).run
    assert run.created_at == elsewhere
    assert run.created_at.tzinfo is UTC


def test_a_living_owner_keeps_its_run(claim):
    claim(now=NOON, owner="far:1")
    with pytest.raises(BusyError, match=r"being trained by far:1, whose lease ends at 2025-06-01 12:01:00 UTC"):
        claim(now=NOON + timedelta(seconds=59), owner="here:2")


def test_an_expired_lease_is_taken_over_with_everything_recorded_once_its_owner_was_silent(database, claim):
    first = claim(owner="far:1").run
    record(database, first.id, owner="far:1")
    watch, later = Watch(seconds=0.0), datetime.now(UTC) + timedelta(seconds=120)
    # The first look only starts the watch: a clock that jumped ahead must not cost a living process its run.
    with pytest.raises(LeaseExpiredError, match="belongs to far:1, which may be dead"):
        claim(owner="here:2", now=later, watch=watch)
    again = claim(owner="here:2", now=later, name="second", watch=watch)
    assert again.outcome is ClaimOutcome.RESUMED
    assert (again.run.attempt, again.run.owner, again.run.step, again.run.name) == (2, "here:2", 10, "first")
    assert again.run.created_at == first.created_at
    assert get_metrics(database, first.id) == [Metric(10, "loss", 0.5)]
    checkpoint = find_checkpoint(database, first.id)
    assert checkpoint is not None
    assert (checkpoint.step, checkpoint.state) == (10, b"state")


def test_an_owner_that_renews_its_expired_lease_is_alive(database, claim):
    run = claim(owner="far:1").run
    watch, later = Watch(seconds=0.0), datetime.now(UTC) + timedelta(days=1)
    for _ in range(3):
        with pytest.raises(LeaseExpiredError):
            claim(owner="here:2", now=later, watch=watch)
        renew_lease(database, run.id, owner="far:1", lease_seconds=60.0)


def test_a_lease_of_a_clock_that_was_wrong_blocks_nobody_for_long(claim):
    claim(owner="far:1", now=datetime(2046, 1, 1, tzinfo=UTC))
    watch = Watch(seconds=0.0)
    with pytest.raises(LeaseExpiredError, match="belongs to far:1, which may be dead"):
        claim(owner="here:2", watch=watch)
    assert claim(owner="here:2", watch=watch).outcome is ClaimOutcome.RESUMED


def test_an_owner_whose_clock_is_wrong_is_alive_as_long_as_it_renews_its_lease(database, claim, monkeypatch):
    run = claim(owner="far:1").run
    wrong, watch = datetime(2046, 1, 1, tzinfo=UTC), Watch(seconds=0.0)
    for minutes in range(3):
        with monkeypatch.context() as patch:
            patch.setattr("icl_cli.store.claims.utc_now", lambda minutes=minutes: wrong + timedelta(minutes=minutes))
            renew_lease(database, run.id, owner="far:1", lease_seconds=300.0)
        with pytest.raises(LeaseExpiredError):
            claim(owner="here:2", watch=watch)


def test_a_clock_that_differs_by_minutes_ends_no_lease(claim):
    claim(owner="far:1", now=datetime.now(UTC) + timedelta(minutes=40))
    watch = Watch(seconds=0.0)
    for _ in range(3):
        with pytest.raises(BusyError, match="whose lease ends at"):
            claim(owner="here:2", watch=watch)


def test_a_run_is_freed_whatever_its_lease_says(database, claim):
    run = claim(owner="far:1", now=datetime(2046, 1, 1, tzinfo=UTC)).run
    record(database, run.id, owner="far:1")
    assert [freed.owner for freed in free_runs(database, [run.id], "here:2")] == ["far:1"]
    freed = find_run(database, run.id)
    assert freed is not None
    assert (freed.status, freed.owner, freed.lease_expires_at, freed.step) == (RunStatus.INTERRUPTED, None, None, 10)
    with pytest.raises(LostRunError):
        record(database, run.id, owner="far:1")
    assert claim(owner="here:2").outcome is ClaimOutcome.RESUMED


def test_what_a_living_process_of_this_machine_trains_is_not_freed(database, claim):
    far, own = claim(owner="far:1").run, claim(seed=1, owner=current_owner()).run
    with pytest.raises(BusyError, match="is alive"):
        free_runs(database, [far.id, own.id], current_owner())
    assert {run.status for run in get_runs(database, [far.id, own.id])} == {RunStatus.RUNNING}


def test_only_running_runs_are_freed(database, claim):
    run = claim().run
    release_run(database, run.id, owner="here:1")
    assert free_runs(database, [run.id, "0" * 64], "here:2") == []


def test_silence_is_counted_by_the_watchers_own_clock(claim, monkeypatch):
    claim(owner="far:1", now=NOON)
    watch, clock = Watch(seconds=60.0), [1000.0]
    monkeypatch.setattr("icl_cli.store.leases.time.monotonic", lambda: clock[0])
    for moment in (1000.0, 1030.0, 1059.9):
        clock[0] = moment
        with pytest.raises(LeaseExpiredError):
            claim(owner="here:2", watch=watch)
    clock[0] = 1060.0
    assert claim(owner="here:2", watch=watch).run.owner == "here:2"


def test_a_dead_process_of_this_machine_loses_its_run_at_once(claim):
    with subprocess.Popen([sys.executable, "-c", OWN_NAME], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        owner = process.stdout.read().strip()
    claim(owner=owner, lease_seconds=1e6)
    assert claim(owner=current_owner()).outcome is ClaimOutcome.RESUMED


def test_a_living_process_of_this_machine_keeps_its_run_whatever_the_clock_says(claim):
    code = f"{OWN_NAME}; import sys; sys.stdout.flush(); sys.stdin.read()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        claim(owner=process.stdout.readline().strip(), now=NOON)
        watch = Watch(seconds=0.0)
        for _ in range(3):
            with pytest.raises(BusyError, match="is being trained by"):
                claim(owner=current_owner(), watch=watch)


def test_a_process_with_the_number_of_a_dead_one_is_another():
    host, process, birth = current_owner().split(":")
    machine, start = birth.split(".")
    assert owner_lives(current_owner(), current_owner()) is True
    assert owner_lives(f"{host}:{process}:{machine}.{int(start) - 1}", current_owner()) is False


@pytest.mark.parametrize(
    "owner",
    [
        "elsewhere:1",
        "nonsense",
        "here:",
        "here:0",
        "here:-1",
        ":",
        "here:x",
        "here:1:",
        "here:1:other-machine.5",
        "a:b:c:d",
    ],
)
def test_owners_elsewhere_cannot_be_looked_for(owner):
    assert owner_lives(owner, current_owner()) is None
    assert owner_lives(current_owner(), owner) is None


def test_impossible_process_is_gone():
    host, _, birth = current_owner().split(":")
    assert owner_lives(f"{host}:{10**30}:{birth}", current_owner()) is False


def test_the_owner_may_claim_again(claim):
    claim(owner="here:1")
    assert claim(owner="here:1").run.attempt == 2


@pytest.mark.parametrize("status", [RunStatus.INTERRUPTED, RunStatus.FAILED])
def test_released_runs_go_on(database, claim, status):
    run = claim().run
    release_run(database, run.id, owner="here:1", status=status, error="out of memory")
    released = get_run(database, run.id)
    assert (released.status, released.error, released.owner) == (status, "out of memory", None)
    again = claim(owner="here:2")
    assert (again.outcome, again.run.status, again.run.error) == (ClaimOutcome.RESUMED, RunStatus.RUNNING, None)


@pytest.mark.parametrize("status", [RunStatus.FINISHED, RunStatus.DIVERGED])
def test_ended_runs_are_left_alone(database, claim, status):
    run = claim().run
    finish_run(
        database,
        run.id,
        owner="here:1",
        status=status,
        step=20,
        diverged_step=17 if status is RunStatus.DIVERGED else None,
        training_seconds=2.5,
        summaries=[Summary("final_loss", 0.25, 0.01), Summary("steps", 20, None)],
    )
    again = claim(owner="here:2")
    assert again == Claim(get_run(database, run.id), ClaimOutcome.ENDED)
    assert (again.run.status, again.run.step, again.run.owner, again.run.attempt) == (status, 20, None, 1)
    assert again.run.diverged_step == (17 if status is RunStatus.DIVERGED else None)
    assert again.run.finished_at is not None
    assert again.run.training_seconds == 2.5
    assert get_summaries(database, run.id) == [Summary("final_loss", 0.25, 0.01), Summary("steps", 20.0, None)]


def test_finishing_with_an_unfinished_status_is_refused(database, claim):
    with pytest.raises(ValueError, match="use release_run"):
        finish(database, claim().run.id, status=RunStatus.FAILED)


def test_who_lost_a_run_records_nothing(database, claim):
    run = claim(owner="far:1", now=NOON).run
    watch = Watch(seconds=0.0)
    with pytest.raises(LeaseExpiredError):
        claim(owner="here:2", watch=watch)
    claim(owner="here:2", watch=watch)
    for action in (
        lambda: record(database, run.id, owner="far:1"),
        lambda: finish(database, run.id, owner="far:1"),
        lambda: release_run(database, run.id, owner="far:1"),
        lambda: renew_lease(database, run.id, owner="far:1", lease_seconds=60.0),
    ):
        with pytest.raises(LostRunError, match="taken over by here:2"):
            action()
    assert get_metrics(database, run.id) == []
    assert get_run(database, run.id).owner == "here:2"


def test_a_run_that_ended_records_nothing_more(database, claim):
    run = claim().run
    finish(database, run.id)
    with pytest.raises(BusyError, match="is finished and nobody's"):
        record(database, run.id)


def test_recording_renews_the_lease(database, claim):
    run = claim(now=NOON).run
    record(database, run.id)
    recorded = get_run(database, run.id)
    assert recorded.lease_expires_at > datetime.now(UTC) + timedelta(seconds=50)
    assert (recorded.step, recorded.training_seconds) == (10, 1.5)
    renew_lease(database, run.id, owner="here:1", lease_seconds=600.0)
    assert get_run(database, run.id).lease_expires_at > datetime.now(UTC) + timedelta(seconds=500)


def test_recording_an_unknown_run_is_refused(database):
    with pytest.raises(NothingMatchedError, match="No run 00000000"):
        record(database, "0" * 64)
    with pytest.raises(NothingMatchedError, match="icl runs list"):
        get_run(database, "0" * 64)
    assert find_run(database, "0" * 64) is None


def test_half_a_transaction_is_not_stored(database, claim, monkeypatch):
    run = claim().run
    monkeypatch.setattr("icl_cli.store.progress.write_checkpoint", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        record(database, run.id)
    assert get_metrics(database, run.id) == []
    assert get_run(database, run.id).step == 0


@pytest.mark.parametrize("name", ["", "  ", "a" * 81, "two\nlines", "latest", "0" * 64, "\x1b[31m"])
def test_bad_names_are_refused(database, claim, name):
    with pytest.raises(UsageError):
        claim(name=name)
    assert list_runs(database) == []


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("config", "{", "JSON"),
        ("config", "{}", "convention"),
        ("status", "lost", "not a valid RunStatus"),
        ("provenance", "{", "Expecting"),
        ("family", "0" * 64, "configuration has the id"),
    ],
)
def test_altered_rows_are_named(database, claim, alter, column, value, reason):
    run = claim().run
    alter(database.path, f"UPDATE runs SET {column} = ?", value)
    with pytest.raises(StoreError, match=rf"Run {run.short_id} cannot be read: .*{reason}") as raised:
        list_runs(database)
    assert "\n" not in str(raised.value)


def test_configuration_of_another_run_is_refused(database, claim, config_of: Callable[..., RunConfig], alter):
    run = claim(seed=1).run
    alter(database.path, "UPDATE runs SET config = ?", config_of(seed=2).to_json())
    with pytest.raises(StoreError, match=rf"Run {run.short_id} .* has the id {config_of(seed=2).identity[:8]}"):
        get_run(database, run.id)


def test_racing_processes_claim_each_run_once(database, claim, config_of):
    # Half of the runs are new, half were interrupted.
    for seed in range(20):
        release_run(database, claim(seed=seed).run.id, owner="here:1")
    configs = [config_of(seed).to_json() for seed in range(40)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", WORKER, database.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(8)
    ]
    # All start together, once the slowest has imported everything and said so.
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    outputs = []
    for worker in workers:
        worker.stdin.write("\n".join(configs) + "\n")
        worker.stdin.close()
    for worker in workers:
        outputs += worker.stdout.read().split()
        worker.stdout.close()
        assert worker.wait() == 0
    assert Counter(outputs) == Counter(config_of(seed).identity for seed in range(40))
    assert {run.seed: run.attempt for run in list_runs(database)} == {seed: 2 if seed < 20 else 1 for seed in range(40)}
