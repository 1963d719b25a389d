"""How sweeps stand, for the terminal: one line, a table of what is being trained, and a list of all sweeps."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from icl_cli.report.deleted_runs import count_deleted
from icl_cli.report.formatting import duration, number
from icl_cli.report.tables import overflow_of
from icl_cli.store import Run, RunStatus, StoredSweep, current_owner, readable_owner, seems_lost

if TYPE_CHECKING:
    # Its package imports JAX, for which `icl sweep status` would wait.
    from icl_cli.sweeps.sweep_run import SweepState

# In the order in which people ask for them.
WORDS = {
    RunStatus.FINISHED: "finished",
    RunStatus.RUNNING: "running",
    RunStatus.INTERRUPTED: "interrupted",
    RunStatus.PLANNED: "waiting",
    RunStatus.DIVERGED: "diverged",
    RunStatus.FAILED: "failed",
}
# The pace is that of the last minutes: runs differ in length, and machines in what else they do.
SECONDS_OF_PACE = 600.0
SHOWN_RUNS = 20
BAR_WIDTH = 10


class SweepPace:
    """How fast a sweep goes: runs' worth of training a second, over the last minutes."""

    def __init__(self) -> None:
        self.seen: deque[tuple[float, float, float]] = deque()
        # Where each run that is being trained was when it was first seen.
        self.runs: dict[str, tuple[int, float]] = {}

    def see(self, state: "SweepState") -> None:
        """Remember how far it is now."""
        now = time.monotonic()
        parts = sum(run.step / run.config.training.steps for run in state.running)
        self.runs = {run.id: self.runs.get(run.id, (run.step, now)) for run in state.running}
        self.seen.append((now, state.ended + parts, state.total - state.ended - parts))
        while now - self.seen[0][0] > SECONDS_OF_PACE:
            self.seen.popleft()

    def text(self) -> str:
        """`About 12 min left.`, or nothing while that is unknown."""
        (began, done, _), (now, more, left) = self.seen[0], self.seen[-1]
        if more <= done or left <= 0:
            return ""
        return f"About {duration(left * (now - began) / (more - done))} left."

    def of_run(self, run: Run) -> str:
        """`340/s`, or nothing while that is unknown."""
        step, began = self.runs.get(run.id, (run.step, 0.0))
        return f"{(run.step - step) / (self.seen[-1][0] - began):.0f}/s" if run.step > step else ""


def state_text(state: "SweepState") -> str:
    """`12 of 60 runs finished, 2 running, 46 waiting.`"""
    return f"{counts_text(state.counts, state.total)}."


def counts_text(counts: Mapping[RunStatus, int], total: int) -> str:
    """`12 of 60 runs finished, 2 running`."""
    others = [f"{counts[status]} {word}" for status, word in WORDS.items() if counts.get(status) and word != "finished"]
    return ", ".join([f"{counts.get(RunStatus.FINISHED, 0)} of {total} runs finished", *others])


def run_text(run: Run) -> str:
    """How one run ended."""
    words = {RunStatus.FINISHED: f"finished in {duration(run.training_seconds)}"}
    how = words.get(run.status, f"{run.status}: {run.error}")
    return f"Run {run.short_id} {run.name} seed {run.seed} {how}"


def progress_table(state: "SweepState", pace: SweepPace, losses: Mapping[str, Sequence[float]]) -> Group:
    """What is being trained, with its last loss and steps per second, above how the sweep stands."""
    # As wide as the terminal: then the names, and not the numbers, give way where it is narrow.
    table = Table(box=None, pad_edge=False, show_header=False, expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="ellipsis", no_wrap=True)
    table.add_column(width=BAR_WIDTH)
    for _ in range(3):
        table.add_column(justify="right", no_wrap=True)
    for run in state.running[:SHOWN_RUNS]:
        steps = run.config.training.steps
        name = Text(f"{run.name} seed {run.seed}")
        loss = number(losses[run.id][-1], padded=True) if losses.get(run.id) else ""
        bar = ProgressBar(steps, run.step, width=BAR_WIDTH)
        table.add_row(run.short_id, name, bar, f"{run.step}/{steps}", pace.of_run(run), loss)
    hidden = len(state.running) - SHOWN_RUNS
    lines = [Text(f"and {hidden} more")] if hidden > 0 else []
    return Group(table, *lines, Text(f"{state_text(state)} {pace.text()}".strip()))


def sweeps_table(sweeps: Sequence[StoredSweep]) -> Table:
    """A line a sweep."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in ("Sweep", "Name", "Planned (UTC)", "Runs"):
        table.add_column(header, overflow=overflow_of(header), ratio=1 if header in ("Name", "Runs") else None)
    for one in sweeps:
        quick = " (quick)" if one.content.get("quick") else ""
        planned = f"{one.created_at:%Y-%m-%d %H:%M}"
        deleted = count_deleted(one)
        words = counts_text(one.counts, one.total + deleted) + (f", {deleted} deleted" if deleted else "")
        table.add_row(one.id[:8], Text(f"{one.name}{quick}"), planned, words)
    return table


def unfinished_table(runs: Sequence[Run]) -> Table:
    """A line for each run that is being trained, was stopped or failed: where it is, whose it is, what went wrong."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in ("Run", "Name", "Seed", "Status", "Step", "Where, or why not"):
        table.add_column(
            header, overflow=overflow_of(header), ratio=1 if header in ("Name", "Where, or why not") else None
        )
    for run in runs[:SHOWN_RUNS]:
        step = f"{run.step}/{run.config.training.steps}"
        why = run.error or (readable_owner(run.owner) if run.owner else "")
        word = "lost" if seems_lost(run, current_owner(), datetime.now(UTC)) else WORDS[run.status]
        table.add_row(run.short_id, Text(run.name), str(run.seed), word, step, Text(why))
    if len(runs) > SHOWN_RUNS:
        table.caption, table.caption_justify = f"and {len(runs) - SHOWN_RUNS} more: --json lists all", "left"
    return table
