"""How measuring and drawing look from outside: a changing line on a terminal, one line a baseline in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from icl_cli.cli.animation import moving_console
from icl_cli.cli.console import say
from icl_cli.cli.stopping import raise_if_stopped
from icl_cli.report.formatting import duration

REFRESHES_PER_SECOND = 8


class WorkLine:
    """What is being done, how many parts are done, and how long it has taken."""

    def __init__(self) -> None:
        self.text = ""
        self.parts = 0
        self.began = time.monotonic()
        self.spinner = Spinner("dots")

    def tell(self, text: str) -> None:
        """The next part begins."""
        raise_if_stopped()
        self.parts += bool(self.text)
        self.text = text

    def __rich__(self) -> Spinner:
        """One line, cut where the terminal ends."""
        done = f", {self.parts} done" if self.parts else ""
        words = f"{duration(time.monotonic() - self.began)}{done}: {self.text or 'reading'}"
        self.spinner.update(text=Text(words, no_wrap=True, overflow="ellipsis"))
        return self.spinner


@contextmanager
def work_progress() -> Iterator[Callable[[str], None]]:
    """A function that shows, on stderr, what is being done."""
    console = moving_console()
    if console is None:
        yield _tell_log
        return
    line = WorkLine()
    with Live(line, console=console, refresh_per_second=REFRESHES_PER_SECOND, transient=True):
        yield line.tell


def _tell_log(text: str) -> None:
    raise_if_stopped()
    if "tuning" in text:
        say(text)
