"""How a sweep looks while it runs: a table that changes on a terminal, now and then a line in a log."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.live import Live

from icl_cli.cli.animation import moving_console
from icl_cli.cli.console import say
from icl_cli.cli.stopping import raise_if_stopped
from icl_cli.report.sweep_tables import SHOWN_RUNS, SweepPace, progress_table, run_text, state_text
from icl_cli.store import Run, RunStatus, get_metrics, list_sweep_runs

SECONDS_BETWEEN_LINES = 30.0
SECONDS_BETWEEN_LOSSES = 2.0


@contextmanager
def sweep_progress(database: Any, sweep_id: str) -> Iterator[Callable[[Any], None]]:
    """What shows a `SweepState`, on stderr, whenever it is called; a line for each run that ends."""
    pace, told = SweepPace(), _Ended(database, sweep_id)
    console = moving_console()
    if console is None:
        yield _Lines(pace, told)
        return
    losses = _Losses(database)
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(state: Any) -> None:
            raise_if_stopped()
            pace.see(state)
            for line in told.news():
                live.console.print(line)
            live.update(progress_table(state, pace, losses.of(state.running)), refresh=True)

        yield show


class _Losses:
    """The held-out losses of runs that are being trained, read now and then: the table is drawn more often."""

    def __init__(self, database: Any):
        self.database = database
        self.read_at = float("-inf")
        self.found: dict[str, list[float]] = {}

    def of(self, runs: Sequence[Run]) -> dict[str, list[float]]:
        """Those of each run by its id, in the order of its steps."""
        if time.monotonic() - self.read_at >= SECONDS_BETWEEN_LOSSES:
            self.read_at = time.monotonic()
            self.found = {run.id: self._read(run) for run in runs[:SHOWN_RUNS]}
        return self.found

    def _read(self, run: Run) -> list[float]:
        return [metric.value for metric in get_metrics(self.database, run.id, ["held_out_loss"])]


class _Ended:
    """Runs that have ended since the last look."""

    def __init__(self, database: Any, sweep_id: str):
        self.database = database
        self.sweep_id = sweep_id
        self.since = datetime.now(UTC)
        self.told: set[str] = set()

    def news(self) -> list[str]:
        """A line for each of them."""
        statuses = (RunStatus.FINISHED, RunStatus.DIVERGED, RunStatus.FAILED)
        ended = list_sweep_runs(self.database, self.sweep_id, *statuses, ended_after=self.since)
        new = [run for run in ended if run.id not in self.told]
        self.told |= {run.id for run in new}
        return [run_text(run) for run in new]


class _Lines:
    """For logs: runs that end, and every half minute where the sweep stands."""

    def __init__(self, pace: SweepPace, ended: _Ended):
        self.pace = pace
        self.ended = ended
        self.told_at = float("-inf")

    def __call__(self, state: Any) -> None:
        """Say what is new."""
        raise_if_stopped()
        self.pace.see(state)
        for line in self.ended.news():
            say(line)
        if time.monotonic() - self.told_at >= SECONDS_BETWEEN_LINES:
            self.told_at = time.monotonic()
            say(f"{state_text(state)} {self.pace.text()}".strip())
