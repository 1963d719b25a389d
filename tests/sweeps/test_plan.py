"""Plans against databases that are in every state: what they count, and what they expect of the rest."""

from datetime import UTC, datetime, timedelta

import pytest
from small_runs import SMALL, Silent

from icl_cli.store import Claimant, Database, RunStatus, claim_run, current_owner, finish_run, release_run
from icl_cli.store.sizes import stored_bytes
from icl_cli.sweeps.comparison import ComparisonPlan, compare_run
from icl_cli.sweeps.expansion import expand
from icl_cli.sweeps.experiment import run_experiment
from icl_cli.sweeps.plan import Plan, Standing, plan_sweep
from icl_cli.sweeps.room import expected_bytes
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.sweeps.sweep_reading import sweep_of

SEEDS = 6
MINUTES = 12.0


def small_sweep(**changes) -> Sweep:
    tables = {"name": "small", "title": "Small", "seeds": SEEDS, "minutes": MINUTES, "settings": SMALL}
    return sweep_of({**tables, "grid": {"model.layers": [1, 2]}, **changes}, "small.toml")


def plan_of(database: Database, sweep: Sweep) -> Plan:
    return plan_sweep(database.path, sweep, quick=False)


def claimed(database, config, now=None, owner=None):
    return claim_run(database, config, Claimant(owner or current_owner()), name="a", now=now).run


def finished(database, config, status=RunStatus.FINISHED, seconds=60 * MINUTES / (2 * SEEDS)):
    run = claimed(database, config)
    finish_run(
        database,
        run.id,
        owner=current_owner(),
        status=status,
        step=config.training.steps,
        diverged_step=None if status is RunStatus.FINISHED else 7,
        error=None,
        # By default as the file says: all of them take so many minutes.
        training_seconds=seconds,
        summaries=[],
    )


def test_without_a_database_everything_is_missing_and_none_is_made(tmp_path):
    plan = plan_sweep(tmp_path / "none.db", small_sweep(), quick=False)
    assert dict(plan.standings) == {Standing.MISSING: 2 * SEEDS}
    assert plan.minutes == pytest.approx(MINUTES)
    assert not plan.is_done
    assert list(tmp_path.iterdir()) == []


def test_where_the_file_says_nothing_of_time_finished_runs_do(database):
    sweep = small_sweep(minutes=None)
    assert plan_of(database, sweep).minutes is None
    (config, *_), _ = (point.configs for point in expand(sweep, sweep.runs[0], quick=False))
    finished(database, config)
    assert plan_of(database, sweep).minutes == pytest.approx(MINUTES * 11 / 12)


def test_only_what_the_file_says_is_corrected_by_the_speed_of_this_machine(database):
    """Two labels of 40 steps a run: one of 3 minutes a run by the file that took 9, one without minutes that took 2."""
    runs = [
        {"label": "stated", "seeds": 2, "minutes": 6.0, "settings": SMALL},
        {"label": "measured", "seeds": 2, "settings": SMALL | {"model.layers": 2}},
    ]
    sweep = sweep_of({"name": "two", "title": "Two", "runs": runs}, "two.toml")
    for label, minutes in ((0, 9.0), (1, 2.0)):
        (point,) = expand(sweep, sweep.runs[label], quick=False)
        finished(database, point.configs[0], seconds=60 * minutes)
    assert plan_of(database, sweep).minutes == pytest.approx(9.0 + 2.0)


def test_every_run_is_counted_where_it_stands(database):
    sweep = small_sweep()
    first, second = expand(sweep, sweep.runs[0], quick=False)
    done, diverged, running, interrupted, failed, _ = first.configs
    finished(database, done)
    finished(database, diverged, RunStatus.DIVERGED)
    claimed(database, running)
    for config, status in ((interrupted, RunStatus.INTERRUPTED), (failed, RunStatus.FAILED)):
        run = claimed(database, config)
        release_run(database, run.id, owner=current_owner(), status=status, error=None)
    # A process that died without a word: its lease is over.
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    claimed(database, second.configs[0], now=long_ago, owner="far:1")
    plan = plan_of(database, sweep)
    assert [dict(point.standings) for point in plan.points] == [
        dict.fromkeys(Standing, 1),
        {Standing.INTERRUPTED: 1, Standing.MISSING: SEEDS - 1},
    ]
    # What ended, also by diverging, is not trained again: a twelfth of the time each.
    assert plan.minutes == pytest.approx(MINUTES * 10 / 12)


def test_steps_that_were_trained_are_not_expected_again(database):
    sweep = small_sweep()
    (config, *_), _ = (point.configs for point in expand(sweep, sweep.runs[0], quick=False))
    with pytest.raises(KeyboardInterrupt):
        run_experiment(database, config, "a", _StopsHalfway())
    plan = plan_of(database, sweep)
    assert plan.standings[Standing.INTERRUPTED] == 1
    assert MINUTES * 11 / 12 < plan.minutes < MINUTES


class _StopsHalfway(Silent):
    def stepped(self, step: int, loss: float) -> None:
        if step >= SMALL["training.steps"] // 2:
            raise KeyboardInterrupt


def test_with_everything_ended_nothing_is_left(database):
    sweep = small_sweep(seeds=1)
    one, two = expand(sweep, sweep.runs[0], quick=False)
    finished(database, one.configs[0])
    finished(database, two.configs[0], RunStatus.DIVERGED)
    plan = plan_of(database, sweep)
    assert plan.is_done
    assert (plan.minutes, plan.room) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("snapshots", ["all", "last"])
def test_room_is_expected_as_it_is_taken(database, snapshots):
    sweep = small_sweep(seeds=1, baselines=["gd"], snapshots=snapshots)
    runs = sweep.runs[0]
    for point in expand(sweep, runs, quick=False):
        (config,) = point.configs
        run = run_experiment(database, config, "a", Silent()).run
        compare_run(database, run, ComparisonPlan(runs.baselines, runs.snapshots, runs.curves), lambda _: None)
        assert expected_bytes(config, runs) == pytest.approx(stored_bytes(database, [run.id]), rel=0.15)


def test_room_is_expected_from_what_runs_of_the_sweep_took(database):
    sweep = small_sweep(seeds=2, grid={"model.layers": [1]})
    (point,) = expand(sweep, sweep.runs[0], quick=False)
    run = run_experiment(database, point.configs[0], "a", Silent()).run
    assert plan_of(database, sweep).room == pytest.approx(stored_bytes(database, [run.id]), abs=1)


def test_more_weights_and_more_snapshots_take_more_room():
    rooms = []
    for settings in ({}, {"model.layers": 20}, {"model.layers": 20, "evaluation.snapshots": 9}):
        sweep = small_sweep(settings={**SMALL, **settings}, grid={})
        (point,) = expand(sweep, sweep.runs[0], quick=False)
        rooms.append(expected_bytes(point.configs[0], sweep.runs[0]))
    # Four matrices of 4 x 4 for each of 19 more layers, in each of four snapshots.
    assert rooms[1] - rooms[0] == 19 * 4 * 4 * 4 * 4 * 4
    assert rooms[2] > 2 * rooms[1] - rooms[0]


def test_what_is_not_there_takes_no_room(database):
    assert stored_bytes(database, ["f" * 64]) == stored_bytes(database, []) == 0
