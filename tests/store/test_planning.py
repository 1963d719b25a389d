"""Sweeps in the database: planned once, claimed in order, and every run by one process at a time."""

import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from icl_cli.errors import NothingMatchedError, UsageError
from icl_cli.store import (
    Claimant,
    ClaimOutcome,
    Metric,
    RunStatus,
    Watch,
    claim_waiting,
    count_waiting,
    current_owner,
    find_sweep,
    finish_run,
    forgive_attempts,
    get_run,
    list_runs,
    list_sweep_runs,
    list_sweeps,
    reclaim_lost,
    record_progress,
    release_run,
    settle_sweep,
    store_sweep,
    sweep_identity,
)

WORKER = Path(__file__).parent / "planned_worker.py"
DEAD = f"{current_owner().rpartition('.')[0]}.1"


@pytest.fixture
def plan(database, config_of):
    """Plan a sweep of runs with these seeds."""

    def make(*seeds: int, name: str = "a sweep") -> str:
        return store_sweep(database, name, {"seeds": list(seeds)}, [(config_of(seed), f"run {seed}") for seed in seeds])

    return make


def claimed(database, sweep_id, owner="here:1", **limits):
    return [claim.run for claim in claim_waiting(database, sweep_id, Claimant(owner), **limits)]


def finish(database, run, owner="here:1"):
    finish_run(database, run.id, owner=owner, status=RunStatus.FINISHED, step=5, training_seconds=1.0, summaries=[])


def test_a_sweep_is_planned_once_and_keeps_its_order(database, plan):
    sweep_id = plan(3, 1, 2)
    assert plan(3, 1, 2) == sweep_id == sweep_identity({"seeds": [3, 1, 2]})
    assert [run.seed for run in list_sweep_runs(database, sweep_id)] == [3, 1, 2]
    run = list_sweep_runs(database, sweep_id)[0]
    assert (run.status, run.attempt, run.fruitless_attempts, run.owner, run.name) == (
        RunStatus.PLANNED,
        0,
        0,
        None,
        "run 3",
    )
    (sweep,) = list_sweeps(database)
    assert (sweep.name, sweep.content, sweep.total, sweep.is_over) == ("a sweep", {"seeds": [3, 1, 2]}, 3, False)


def test_sweeps_share_runs(database, plan):
    first = plan(0, 1)
    finish(database, claimed(database, first)[0])
    second = plan(0, 2, name="another")
    assert {one.id: dict(one.counts) for one in list_sweeps(database)} == {
        first: {RunStatus.FINISHED: 1, RunStatus.PLANNED: 1},
        second: {RunStatus.FINISHED: 1, RunStatus.PLANNED: 1},
    }
    assert len(list_runs(database)) == 3
    assert find_sweep(database, "another").id == find_sweep(database, second[:6]).id == second
    with pytest.raises(NothingMatchedError, match="'third'"):
        find_sweep(database, "third")


def test_bad_names_plan_nothing(database, config_of):
    with pytest.raises(UsageError):
        store_sweep(database, "sweep", {}, [(config_of(0), "fine"), (config_of(1), "two\nlines")])
    assert list_runs(database) == list_sweeps(database) == []


def test_begun_runs_come_before_planned_ones_and_then_the_order_of_the_file(database, plan):
    sweep_id = plan(5, 6, 7)
    first, second = claimed(database, sweep_id)[0], claimed(database, sweep_id)[0]
    assert (first.seed, second.seed) == (5, 6)
    release_run(database, second.id, owner="here:1")
    assert [claimed(database, sweep_id)[0].seed for _ in range(2)] == [6, 7]
    assert claimed(database, sweep_id) == []
    assert count_waiting(database, sweep_id) == 0


def test_a_claim_says_whether_the_run_is_new(database, plan):
    sweep_id = plan(0)
    (claim,) = claim_waiting(database, sweep_id, Claimant("here:1", {"host": "here"}))
    assert (claim.outcome, claim.run.attempt, claim.run.provenance) == (ClaimOutcome.NEW, 1, {"host": "here"})
    release_run(database, claim.run.id, owner="here:1")
    (claim,) = claim_waiting(database, sweep_id, Claimant("here:2"))
    assert (claim.outcome, claim.run.attempt, claim.run.owner) == (ClaimOutcome.RESUMED, 2, "here:2")


def test_several_at_once_differ_in_the_seed_alone(database, config_of):
    pairs = [(config_of(seed, layers), "run") for layers in (1, 2) for seed in range(3)]
    sweep_id = store_sweep(database, "sweep", {}, pairs)
    runs = claimed(database, sweep_id, most=2)
    assert [(run.config.model.layers, run.seed) for run in runs] == [(1, 0), (1, 1)]
    assert [(run.config.model.layers, run.seed) for run in claimed(database, sweep_id, most=9)] == [(1, 2)]
    assert len(claimed(database, sweep_id, most=9)) == 3


def test_runs_that_come_to_nothing_are_left_alone_after_so_many_attempts(database, plan):
    sweep_id = plan(0)
    for attempt in (1, 2, 3):
        (run,) = claimed(database, sweep_id, most_attempts=3)
        assert (run.attempt, run.fruitless_attempts) == (attempt, attempt)
        release_run(database, run.id, owner="here:1", status=RunStatus.FAILED, error="broken")
    assert claimed(database, sweep_id, most_attempts=3) == []
    assert get_run(database, run.id).error == "broken"
    assert [one.id for one in claimed(database, sweep_id, most_attempts=4)] == [run.id]
    release_run(database, run.id, owner="here:1", status=RunStatus.FAILED)
    forgive_attempts(database, sweep_id)
    assert [one.attempt for one in claimed(database, sweep_id, most_attempts=3)] == [5]


@pytest.mark.parametrize("stopped", [True, False])
def test_attempts_that_recorded_a_step_or_were_stopped_do_not_count(database, plan, stopped):
    sweep_id = plan(0)
    for _ in range(5):
        (run,) = claimed(database, sweep_id, most_attempts=1)
        if stopped:
            release_run(database, run.id, owner="here:1")
            continue
        record_progress(
            database,
            run.id,
            owner="here:1",
            step=run.step + 1,
            metrics=[Metric(run.step + 1, "loss", 0.5)],
            snapshot=None,
            checkpoint=b"state",
            training_seconds=1.0,
            lease_seconds=60.0,
        )
        release_run(database, run.id, owner="here:1", status=RunStatus.FAILED, error="broken")
    assert get_run(database, run.id).attempt == 5


def test_a_run_whose_process_died_goes_on_at_once(database, plan):
    sweep_id = plan(0)
    (lost,) = claimed(database, sweep_id, DEAD)
    (again,) = claimed(database, sweep_id, current_owner())
    assert (again.id, again.attempt, again.owner) == (lost.id, 2, current_owner())


def test_a_run_whose_process_died_too_often_has_failed(database, plan):
    sweep_id = plan(0)
    (lost,) = claimed(database, sweep_id, DEAD, most_attempts=1)
    assert claimed(database, sweep_id, current_owner(), most_attempts=1) == []
    failed = get_run(database, lost.id)
    assert (failed.status, failed.owner) == (RunStatus.FAILED, None)
    assert "died, at or after step 0" in failed.error
    assert failed.finished_at is not None


def test_a_sweep_that_is_less_patient_ends_what_others_gave_up(database, plan):
    sweep_id = plan(0, 1)
    lost, stopped = (claimed(database, sweep_id, owner)[0] for owner in (DEAD, "here:1"))
    release_run(database, stopped.id, owner="here:1")
    claimant = Claimant(current_owner())
    reclaim_lost(database, claimant)
    settle_sweep(database, sweep_id, claimant, most_attempts=2)
    assert get_run(database, lost.id).status is RunStatus.INTERRUPTED
    settle_sweep(database, sweep_id, claimant, most_attempts=1)
    assert get_run(database, lost.id).status is RunStatus.FAILED
    assert get_run(database, stopped.id).status is RunStatus.INTERRUPTED
    assert count_waiting(database, sweep_id, most_attempts=1) == 1


def test_lost_runs_are_given_up_by_whoever_looks_and_living_ones_never(database, plan):
    sweep_id = plan(0, 1, 2)
    runs = [claimed(database, sweep_id, owner)[0] for owner in (current_owner(), "far:1", DEAD)]
    assert [run.id for run in reclaim_lost(database, Claimant(current_owner()))] == [runs[2].id]
    assert [get_run(database, run.id).status for run in runs] == [
        RunStatus.RUNNING,
        RunStatus.RUNNING,
        RunStatus.INTERRUPTED,
    ]


def test_a_far_owner_is_given_up_once_its_lease_has_expired_and_it_was_silent(database, plan):
    sweep_id = plan(0)
    claim_waiting(database, sweep_id, Claimant("far:1", lease_seconds=-1.0))
    watching = Claimant(current_owner(), watch=Watch(seconds=0.0))
    assert reclaim_lost(database, watching) == []
    assert len(reclaim_lost(database, watching)) == 1


def test_ended_runs_since_a_moment(database, plan):
    sweep_id = plan(0, 1)
    first, second = (claimed(database, sweep_id)[0] for _ in range(2))
    finish(database, first)
    moment = get_run(database, first.id).finished_at
    finish(database, second)
    assert [run.id for run in list_sweep_runs(database, sweep_id, ended_after=moment)] == [second.id]
    assert len(list_sweep_runs(database, sweep_id, ended_after=moment - timedelta(seconds=1))) == 2
    assert list_sweeps(database)[0].is_over


def test_racing_processes_get_each_planned_run_once(database, plan):
    sweep_id = plan(*range(40))
    command = [sys.executable, "-W", "error", str(WORKER), str(database.path), sweep_id]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.close()
    outputs = []
    for worker in workers:
        assert worker.stdout is not None
        outputs += worker.stdout.read().split()
        worker.stdout.close()
        assert worker.wait() == 0
    assert Counter(outputs) == Counter(run.id for run in list_sweep_runs(database, sweep_id))
    assert {run.attempt for run in list_sweep_runs(database, sweep_id)} == {1}
