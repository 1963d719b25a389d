"""Everything that a sweep needs, in order: train what is missing, compare, analyse. Done twice, it does nothing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from icl_cli.baselines import get_baseline
from icl_cli.errors import NothingMatchedError, told_of
from icl_cli.store import Database, Run, RunStatus, list_curves
from icl_cli.sweeps.analyses import analyse_run, get_analysis
from icl_cli.sweeps.comparison import ComparisonPlan, compare_run
from icl_cli.sweeps.expansion import expand, names_of_points
from icl_cli.sweeps.experiment import Listen, run_experiments
from icl_cli.sweeps.run_comparison import compare_with_run, unpaired_runs
from icl_cli.sweeps.sweep_data import PointRuns, planned_runs, require_judgeable, sweep_runs
from icl_cli.sweeps.sweep_file import RunsSpec, Sweep
from icl_cli.sweeps.telling import Tell, telling_of

logger = logging.getLogger(__name__)

SECONDS_PER_MINUTE = 60


@dataclass(frozen=True)
class Outlook:
    """How far a sweep is: runs that are `done` of `total`, and the training `minutes` that the others may take.

    None where neither the file says so nor a finished run.
    """

    done: int
    total: int
    minutes: float | None


def outlooks(target: str, sweeps: Sequence[Sweep], quick: bool) -> dict[str, Outlook]:
    """The outlook of each sweep by its name, from the database at a path or URL, which need not exist yet."""
    try:
        opened = Database.open(target, mode="read")
    except NothingMatchedError:
        return {sweep.name: _outlook(sweep, planned_runs(sweep, quick)) for sweep in sweeps}
    with opened as database:
        return {sweep.name: _outlook(sweep, sweep_runs(database, sweep, quick)) for sweep in sweeps}


def _outlook(sweep: Sweep, labelled: Mapping[str, list[PointRuns]]) -> Outlook:
    """What is there, and what is missing at the speed of this machine: that of the sweep's runs in the database."""
    points = [one for runs in sweep.runs for one in labelled[runs.label]]
    total = sum(len(one.point.configs) for one in points)
    done = sum(len(one.finished) for one in points)
    stated = {runs.label: pace for runs in sweep.runs if (pace := _stated_pace(sweep, runs)) is not None}
    slower = _slower(stated, labelled)
    seconds = 0.0
    for label, ones in labelled.items():
        steps = sum(one.steps_left for one in ones)
        pace = stated[label] * slower if label in stated else _measured_pace(ones)
        if steps and pace is None:
            return Outlook(done, total, None)
        seconds += steps * (pace or 0.0)
    return Outlook(done, total, seconds / SECONDS_PER_MINUTE)


def _slower(stated: Mapping[str, float], labelled: Mapping[str, list[PointRuns]]) -> float:
    """How many times as long as the file says this machine takes: files say what two cores took."""
    finished = [(stated[label], run) for label in stated for one in labelled[label] for run in one.finished]
    expected = sum(pace * run.step for pace, run in finished)
    return sum(run.training_seconds for _, run in finished) / expected if expected else 1.0


def train_sweep(database: Database, sweep: Sweep, quick: bool, listen: Listen) -> list[Run]:
    """Train what `sweep` asks for and the database lacks; `quick` takes fewer steps and seeds.

    `listen` makes what shows a training's progress. Raises as `require_reproducible`, before anything is trained.
    **Returns** the runs that diverged, which claims lack.
    """
    require_reproducible(sweep, quick)
    points = [point for runs in sweep.runs for point in expand(sweep, runs, quick)]
    names = names_of_points(database, points)
    trained = [
        claim.run
        for point in points
        for claim in run_experiments(database, point.configs, names[point.configs[0].family], listen)
    ]
    return [run for run in trained if run.status is RunStatus.DIVERGED]


def require_reproducible(sweep: Sweep, quick: bool) -> None:
    """Raises `UsageError` for a claim that cannot be judged, and for a baseline or analysis that does not exist."""
    require_judgeable(sweep, quick)
    for index, runs in enumerate(sweep.runs):
        with told_of(sweep.place_of_runs(index)):
            for name in runs.baselines:
                get_baseline(name)
            for name in runs.analyses:
                get_analysis(name)


def measure_sweep(database: Database, sweep: Sweep, quick: bool, tell: Tell) -> None:
    """Compare and analyse the finished runs of `sweep` as it asks; `tell` hears what is being done."""
    found = sweep_runs(database, sweep, quick)
    for runs in sweep.runs:
        for run in (run for one in found[runs.label] for run in one.finished):
            _measure(database, runs, run, telling_of(run, tell))
        if runs.with_runs is not None:
            _compare_with(database, runs, found, tell)


def _measure(database: Database, runs: RunsSpec, run: Run, tell: Tell) -> None:
    if runs.baselines:
        compare_run(database, run, ComparisonPlan(runs.baselines, runs.snapshots, runs.curves), tell)
    known = {point.kind for point in list_curves(database, [run.id]) if point.step == run.step}
    if missing := [name for name in runs.analyses if get_analysis(name).kind not in known]:
        analyse_run(database, run, missing, tell)
    for name in (name for name in runs.analyses if name not in missing):
        logger.info("%s seed %d, %s: analysed before.", run.name, run.seed, name)


def _compare_with(database: Database, runs: RunsSpec, found: Mapping[str, list[PointRuns]], tell: Tell) -> None:
    """Pairs of runs with the same seed, of the same point of both grids."""
    for own, others in zip(found[runs.label], found[runs.with_runs or ""], strict=True):
        by_seed = {run.seed: run for run in others.finished}
        pairs = [(run, by_seed[run.seed]) for run in own.finished if run.seed in by_seed]
        if own.finished and others.finished:
            for sentence in unpaired_runs(own.finished, others.finished, pairs):
                tell(sentence)
        for run, other in pairs:
            compare_with_run(database, run, other, runs.snapshots, runs.curves, telling_of(run, tell))


def _stated_pace(sweep: Sweep, runs: RunsSpec) -> float | None:
    """Seconds a step by the minutes that the file says all of its runs took."""
    if runs.minutes is None:
        return None
    configs = [config for point in expand(sweep, runs, quick=False) for config in point.configs]
    return runs.minutes * SECONDS_PER_MINUTE / sum(config.training.steps for config in configs)


def _measured_pace(points: Sequence[PointRuns]) -> float | None:
    """Seconds a step of the runs that finished, None if none did."""
    finished = [run for one in points for run in one.finished]
    return sum(run.training_seconds for run in finished) / sum(run.step for run in finished) if finished else None
