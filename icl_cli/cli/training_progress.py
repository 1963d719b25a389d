"""How a training run looks from outside: a bar on a terminal, now and then a line in a log."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from icl_cli.cli.console import is_animated, say
from icl_cli.cli.exit_codes import TERMINATED
from icl_cli.cli.stopping import raise_if_stopped
from icl_cli.config import RunConfig
from icl_cli.store import Run
from icl_cli.sweeps import Listener

SECONDS_BETWEEN_LINES = 30.0


class LineListener:
    """Progress for logs: the start, then one line every half minute."""

    def __init__(self, config: RunConfig):
        self.steps = config.training.steps
        self.first_step = 0
        self.started_at = self.told_at = time.monotonic()

    def started(self, run: Run, resumed: bool) -> None:
        """Say which run it is and where it starts."""
        self.first_step = run.step if resumed else 0
        start = f"resumes at step {run.step}" if resumed else "starts"
        say(f"Run {run.short_id} {run.name!r} seed {run.seed} {start}; {self.steps} steps.")

    def stepped(self, step: int, loss: float) -> None:
        """Say where it is, if the last line is long ago."""
        raise_if_stopped()
        now = time.monotonic()
        if now - self.told_at >= SECONDS_BETWEEN_LINES:
            self.told_at = now
            rate = (step - self.first_step) / (now - self.started_at)
            left = (self.steps - step) / rate
            say(f"  step {step}/{self.steps}, loss {loss:.4f}, {rate:.0f} steps/s, {left:.0f} s left")

    def waits(self, reason: str) -> None:
        """Say why nothing goes on."""
        say(reason)


class BarListener:
    """Progress for a terminal: a bar with steps per second, loss and time left."""

    def __init__(self, config: RunConfig, progress: Progress):
        self.config = config
        self.progress = progress
        self.first_step = 0
        self.started_at = time.monotonic()
        self.bar: TaskID | None = None

    def started(self, run: Run, resumed: bool) -> None:
        """Show the bar; one for all runs that train together."""
        self.first_step = run.step if resumed else 0
        if self.bar is not None:
            self.progress.update(self.bar, description=f"seeds to {run.seed}", completed=self.first_step)
            return
        self.bar = self.progress.add_task(
            f"seed {run.seed}", total=self.config.training.steps, completed=self.first_step, rate="compiling", loss=""
        )

    def stepped(self, step: int, loss: float) -> None:
        """Move the bar."""
        raise_if_stopped()
        if self.bar is not None:
            rate = (step - self.first_step) / (time.monotonic() - self.started_at)
            self.progress.update(self.bar, completed=step, rate=f"{rate:.0f} steps/s", loss=f"loss {loss:.4f}")

    def waits(self, reason: str) -> None:
        """Say why nothing goes on, above the bar."""
        self.progress.console.print(reason, markup=False, highlight=False)


@contextmanager
def training_progress(config: RunConfig) -> Iterator[Listener]:
    """A listener that shows the training of `config` on stderr."""
    if not is_animated():
        yield LineListener(config)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield BarListener(config, progress)


@contextmanager
def log_progress(config: RunConfig) -> Iterator[Listener]:
    """The same for a worker: always lines, and it stops when the process that started it has gone."""
    yield OrphanListener(config)


class OrphanListener(LineListener):
    """Progress of a worker, whose parent may die: then nobody would count it among the jobs that were asked for."""

    def __init__(self, config: RunConfig):
        super().__init__(config)
        self.parent = os.getppid()

    def stepped(self, step: int, loss: float) -> None:
        """As for logs; ends the process if it has become an orphan."""
        if os.getppid() != self.parent:
            say("The process that started this worker has ended; so does this one.")
            raise SystemExit(TERMINATED)
        super().stepped(step, loss)
