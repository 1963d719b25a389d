"""What a sweep would train, what of it is there, and what the rest will take: looked at, not begun."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from icl_cli.config import RunConfig
from icl_cli.errors import NothingMatchedError
from icl_cli.store import Database, Run, RunStatus, current_owner, seems_lost
from icl_cli.store.sizes import stored_bytes
from icl_cli.sweeps.reproduction import outlooks
from icl_cli.sweeps.room import expected_bytes
from icl_cli.sweeps.sweep_data import PointRuns, planned_runs, sweep_runs
from icl_cli.sweeps.sweep_file import Sweep


class Standing(StrEnum):
    """Where a run of a sweep stands, in the order in which people are told."""

    DONE = "done"
    DIVERGED = "diverged"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    MISSING = "missing"


ENDED = (Standing.DONE, Standing.DIVERGED)
_STANDINGS = {
    RunStatus.FINISHED: Standing.DONE,
    RunStatus.DIVERGED: Standing.DIVERGED,
    RunStatus.RUNNING: Standing.RUNNING,
    RunStatus.INTERRUPTED: Standing.INTERRUPTED,
    RunStatus.FAILED: Standing.FAILED,
    RunStatus.PLANNED: Standing.MISSING,
}


@dataclass(frozen=True)
class PlannedPoint:
    """One configuration of a label: its runs, and how many of its seeds stand where."""

    label: str
    runs: PointRuns
    standings: Mapping[Standing, int]

    @property
    def config(self) -> RunConfig:
        """The configuration with its first seed."""
        return self.runs.point.configs[0]


@dataclass(frozen=True)
class Plan:
    """A sweep before it is run: its configurations, the `minutes` of training left, and the `room` they take in bytes.

    Both are estimates, and 0 where nothing is left; the minutes are None where nothing is known to go by.
    """

    sweep: Sweep
    quick: bool
    points: tuple[PlannedPoint, ...]
    minutes: float | None
    room: int

    @property
    def standings(self) -> Mapping[Standing, int]:
        """How many runs of all configurations stand where."""
        return sum((Counter(point.standings) for point in self.points), Counter())

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to train: every run finished or diverged."""
        return all(standing in ENDED for standing in self.standings)


def plan_sweep(path: str, sweep: Sweep, quick: bool) -> Plan:
    """The plan of `sweep`, from the database at `path`, which need not exist. Raises `ConfigError` as `expand`."""
    try:
        with Database.open(path, mode="read") as database:
            labelled = sweep_runs(database, sweep, quick)
            factor = _room_factor(database, sweep, labelled)
    except NothingMatchedError:
        labelled, factor = planned_runs(sweep, quick), 1.0
    now = datetime.now(UTC)
    points = [PlannedPoint(label, one, _standings(one, now)) for label, points in labelled.items() for one in points]
    minutes = outlooks(path, [sweep], quick)[sweep.name].minutes
    expected = sum(_left(point) * expected_bytes(point.config, sweep.labelled(point.label)) for point in points)
    return Plan(sweep, quick, tuple(points), minutes, round(expected * factor))


def _left(point: PlannedPoint) -> int:
    """How many runs of a configuration are still to be trained."""
    return sum(count for standing, count in point.standings.items() if standing not in ENDED)


def _standings(runs: PointRuns, now: datetime) -> Mapping[Standing, int]:
    there = Counter(_standing(run, now) for run in runs.runs)
    there[Standing.MISSING] += len(runs.point.configs) - len(runs.runs)
    return {standing: there[standing] for standing in Standing if there[standing]}


def _standing(run: Run, now: datetime) -> Standing:
    return Standing.INTERRUPTED if seems_lost(run, current_owner(), now) else _STANDINGS[run.status]


def _room_factor(database: Database, sweep: Sweep, labelled: Mapping[str, list[PointRuns]]) -> float:
    """What the finished runs of the sweep take, over what was expected of them: 1 where there are none."""
    expected, ids = 0, []
    for runs in sweep.runs:
        for one in labelled[runs.label]:
            expected += expected_bytes(one.point.configs[0], runs) * len(one.finished)
            ids += [run.id for run in one.finished]
    return stored_bytes(database, ids) / expected if expected else 1.0
