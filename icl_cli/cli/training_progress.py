"""How a training run looks from outside: a bar and a curve on a terminal, now and then a line in a log."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from icl_cli.cli.animation import moving_console, sparkline
from icl_cli.cli.console import say
from icl_cli.cli.exit_codes import TERMINATED
from icl_cli.cli.stopping import raise_if_stopped
from icl_cli.config import RunConfig
from icl_cli.report.formatting import duration, number
from icl_cli.store import Run
from icl_cli.sweeps import Listener
from icl_cli.sweeps.experiment import Listen
from icl_cli.sweeps.targets import Target, tuned_target

SECONDS_BETWEEN_LINES = 30.0
REFRESHES_PER_SECOND = 4
# Columns of a terminal: the bar on a wide one and on a narrow one, and the curve of the loss.
WIDE, BAR, SHORT_BAR, CURVE = 72, 20, 10, 20


class Pace:
    """Steps per second since the first ones, which wait for the compiler, and how long the others take."""

    def __init__(self, steps: int):
        self.steps = steps
        self.began: tuple[int, float] | None = None
        self.rate = 0.0

    def restart(self) -> None:
        """Forget what was seen: other runs begin."""
        self.began, self.rate = None, 0.0

    def see(self, step: int) -> None:
        """Take note of the step that was reached now."""
        now = time.monotonic()
        if self.began is None:
            self.began = (step, now)
        elif now > self.began[1]:
            self.rate = (step - self.began[0]) / (now - self.began[1])

    def text(self, step: int) -> str:
        """`340 steps/s, 2 min 5 s left`, or nothing while that is unknown."""
        return f"{self.rate:.0f} steps/s, {duration((self.steps - step) / self.rate)} left" if self.rate > 0 else ""


class LineListener:
    """Progress for logs: the start, then one line every half minute."""

    def __init__(self, config: RunConfig, target: Target | None = None):
        self.pace = Pace(config.training.steps)
        self.target = target
        self.told_at = time.monotonic()

    def started(self, run: Run, resumed: bool) -> None:
        """Say which run it is and where it starts."""
        self.pace.restart()
        start = f"resumes at step {run.step}" if resumed else "starts"
        say(f"Run {run.short_id} {run.name!r} seed {run.seed} {start}; {self.pace.steps} steps.")

    def stepped(self, step: int, loss: float) -> None:
        """Say where it is, if the last line is long ago."""
        raise_if_stopped()
        self.pace.see(step)
        now = time.monotonic()
        if now - self.told_at >= SECONDS_BETWEEN_LINES:
            self.told_at = now
            words = [
                f"step {step}/{self.pace.steps}",
                f"loss {number(loss, padded=True)}{target_text(self.target)}",
                self.pace.text(step),
            ]
            say(f"  {', '.join(word for word in words if word)}")

    def waits(self, reason: str) -> None:
        """Say why nothing goes on."""
        say(reason)


class LiveListener:
    """Progress for a terminal: a bar with steps per second and time left, and beneath it the loss with its curve."""

    def __init__(self, config: RunConfig, live: Live, target: Target | None = None):
        self.pace = Pace(config.training.steps)
        self.live = live
        self.target = target
        self.name = ""
        self.step = 0
        self.losses: list[float] = []

    def started(self, run: Run, resumed: bool) -> None:
        """Show the bar; one for all runs that train together."""
        self.step = run.step if resumed else 0
        self.pace.restart()
        self.name = f"seeds to {run.seed}" if self.name else f"seed {run.seed}"
        self.live.update(self)

    def stepped(self, step: int, loss: float) -> None:
        """Move the bar."""
        raise_if_stopped()
        self.step = step
        self.pace.see(step)
        self.losses.append(loss)

    def waits(self, reason: str) -> None:
        """Say why nothing goes on, above the bar."""
        self.live.console.print(reason)

    def __rich__(self) -> Group:
        """Two lines: how far it is, and what came of it."""
        bar = BAR if self.live.console.width >= WIDE else SHORT_BAR
        table = Table.grid(padding=(0, 1))
        for _ in range(4):
            table.add_column(no_wrap=True)
        speed = self.pace.text(self.step) or ("" if self.losses else "compiling")
        moved = ProgressBar(self.pace.steps, self.step, width=bar)
        table.add_row(self.name, moved, f"{self.step}/{self.pace.steps}", speed)
        if not self.losses:
            return Group(table)
        loss = f"loss {number(self.losses[-1], padded=True)}{target_text(self.target)}"
        return Group(table, Text(f"{sparkline(self.losses, CURVE)} {loss}", no_wrap=True, overflow="ellipsis"))


def target_text(target: Target | None) -> str:
    """` (gd++ 0.0561)`, or nothing where no baseline is tuned."""
    return "" if target is None else f" ({target.name} {number(target.loss, padded=True)})"


def training_progress(database: Any) -> Listen:
    """What makes a listener that shows a training on stderr, beside the loss that `database` says is to be reached."""

    @contextmanager
    def listen(config: RunConfig) -> Iterator[Listener]:
        target, console = tuned_target(database, config), moving_console()
        if console is None:
            yield LineListener(config, target)
            return
        with Live(console=console, refresh_per_second=REFRESHES_PER_SECOND) as live:
            yield LiveListener(config, live, target)

    return listen


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
