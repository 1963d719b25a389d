"""What measuring says while it goes on: a few words before each part that takes long."""

from collections.abc import Callable

from icl_cli.store import Run

# Hears, in a few words, what is being done.
Tell = Callable[[str], None]


def tell_nobody(text: str) -> None:
    """For work that nobody watches."""


def telling_of(run: Run, tell: Tell) -> Tell:
    """`tell` with the run's name and seed before the words."""
    return lambda text: tell(f"{run.name} seed {run.seed}: {text}")
