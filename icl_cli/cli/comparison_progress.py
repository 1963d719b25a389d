"""How a comparison looks from outside: a changing line on a terminal, one line a baseline in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from icl_cli.cli.console import is_animated, say


@contextmanager
def comparison_progress() -> Iterator[Callable[[str], None]]:
    """A function that shows, on stderr, what is being done."""
    if is_animated():
        with Console(stderr=True).status("") as status:
            yield lambda text: status.update(Text(text))
    else:
        yield lambda text: say(text) if "tuning" in text else None
