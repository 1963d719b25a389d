"""A sweep from its file to its last run: planned in the database, trained by workers, watched until all have ended."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from icl_cli.errors import UnreachableError
from icl_cli.store import (
    MOST_ATTEMPTS,
    Claimant,
    Database,
    Run,
    RunStatus,
    count_sweep_runs,
    count_waiting,
    current_owner,
    is_lost,
    list_sweep_runs,
    settle_sweep,
    store_sweep,
)
from icl_cli.sweeps.expansion import expand, names_of_points
from icl_cli.sweeps.sweep_file import Sweep

POLL_SECONDS = 0.5


class Workers(Protocol):
    """Processes that train runs of a sweep, here or elsewhere."""

    @property
    def busy(self) -> int:
        """How many work."""
        ...

    def start(self, most: int) -> None:
        """Start up to `most` more, as far as there is room."""
        ...


@dataclass(frozen=True)
class SweepState:
    """How a sweep stands: runs by their status, how many still wait for a worker, and those that are trained now."""

    counts: Mapping[RunStatus, int]
    waiting: int
    running: tuple[Run, ...]

    @property
    def total(self) -> int:
        """All runs of the sweep."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """Runs that need no more training."""
        return sum(number for status, number in self.counts.items() if status.has_ended)


@dataclass(frozen=True)
class Patience:
    """When a sweep gives up: on a run after so many fruitless attempts, and on all runs at the first failure or not."""

    most_attempts: int = MOST_ATTEMPTS
    fail_fast: bool = False


def enrol_sweep(database: Database, sweep: Sweep, quick: bool) -> str:
    """Put the sweep and its runs into the database, where they are not yet; the sweep's id."""
    points = [point for runs in sweep.runs for point in expand(sweep, runs, quick)]
    configs = [config for point in points for config in point.configs]
    names = names_of_points(database, points)
    content = {"sweep": sweep.model_dump(mode="json"), "quick": quick}
    return store_sweep(database, sweep.name, content, [(config, names[config.family]) for config in configs])


def sweep_state(database: Database, sweep_id: str, most_attempts: int = MOST_ATTEMPTS) -> SweepState:
    """How the sweep stands in the database."""
    counts = count_sweep_runs(database).get(sweep_id, {})
    running = tuple(list_sweep_runs(database, sweep_id, RunStatus.RUNNING)) if counts.get(RunStatus.RUNNING) else ()
    return SweepState(counts, count_waiting(database, sweep_id, most_attempts), running)


def run_sweep(
    database: Database,
    sweep_id: str,
    workers: Workers,
    patience: Patience,
    watch: Callable[[SweepState], None],
    stays: bool,
) -> SweepState:
    """Keep `workers` at work until no run waits, and tell `watch` how the sweep stands, again and again.

    **Arguments**: with `stays` also wait for the runs that other processes train, and take them over if those die.
    **Returns** how the sweep stands in the end.
    """
    claimant = Claimant(current_owner())
    while True:
        try:
            state = settled_state(database, sweep_id, patience.most_attempts, claimant)
        except UnreachableError:
            # The workers say so, and go on as long as they can.
            time.sleep(POLL_SECONDS)
            continue
        watch(state)
        if patience.fail_fast and state.counts.get(RunStatus.FAILED):
            return state
        if not state.waiting and not workers.busy and not (stays and state.running):
            return state
        workers.start(state.waiting)
        time.sleep(POLL_SECONDS)


def settled_state(
    database: Database, sweep_id: str, most_attempts: int = MOST_ATTEMPTS, claimant: Claimant | None = None
) -> SweepState:
    """How the sweep stands once dead owners have lost their runs, and runs lost too often have failed.

    Only if there is such a run anything is written. A `claimant` (None: this process) that asks again and again notices
    the death of owners elsewhere.
    """
    claimant = claimant or Claimant(current_owner())
    state = sweep_state(database, sweep_id, most_attempts)
    is_exhausted = not state.waiting and state.counts.get(RunStatus.INTERRUPTED)
    if not is_exhausted and not _some_lost(state, claimant):
        return state
    settle_sweep(database, sweep_id, claimant, most_attempts)
    return sweep_state(database, sweep_id, most_attempts)


def _some_lost(state: SweepState, claimant: Claimant) -> bool:
    return any(is_lost(run, claimant.owner, datetime.now(UTC), claimant.watch) for run in state.running)
