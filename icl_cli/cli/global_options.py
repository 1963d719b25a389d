"""--quiet, --verbose and --debug, which may stand anywhere on a command line, before `--`."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

from typer.core import TyperGroup

from icl_cli.cli.console import Loudness, say, speaking, warn
from icl_cli.errors import UsageError

QUIET, VERBOSE, DEBUG = ("--quiet", "-q"), ("--verbose", "-v"), ("--debug",)
_END_OF_OPTIONS = "--"


@dataclass(frozen=True)
class GlobalOptions:
    """What was given of them, and the `rest` of the words, for the command."""

    quiet: bool
    verbose: bool
    debug: bool
    rest: tuple[str, ...]

    @property
    def loudness(self) -> Loudness:
        """How much to say. Raises `UsageError` if asked for less and for more."""
        if self.quiet and self.verbose:
            raise UsageError("--quiet: given with --verbose. Leave one of them out.")
        return Loudness.QUIET if self.quiet else Loudness.VERBOSE if self.verbose else Loudness.USUAL


def taken_out(words: Sequence[str]) -> GlobalOptions:
    """The global options among `words`, and all other words in their order."""
    end = words.index(_END_OF_OPTIONS) if _END_OF_OPTIONS in words else len(words)
    before = words[:end]
    rest = [word for word in before if word not in (*QUIET, *VERBOSE, *DEBUG)]
    quiet, verbose, debug = (any(word in option for word in before) for option in (QUIET, VERBOSE, DEBUG))
    return GlobalOptions(quiet, verbose, debug, (*rest, *words[end:]))


def with_global_options(group: Any) -> Any:
    """`group`, all of whose commands know its global options, unseen.

    A command line that is run has none left. But a shell that asks for completions passes them on, and an unknown
    option ends what is understood of a line.
    """
    known = [copy(each) for each in group.params if set(each.opts) & {*QUIET, *VERBOSE, *DEBUG}]
    for each in known:
        each.hidden, each.expose_value = True, False
    _add(group.commands.values(), known)
    return group


def _add(commands: Iterable[Any], options: Sequence[Any]) -> None:
    for command in commands:
        command.params = [*command.params, *options]
        if isinstance(command, TyperGroup):
            _add(command.commands.values(), options)


class _Tell(logging.Handler):
    """Says what the package logs: warnings always, other records after the seconds since the command began."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.started_at = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        """One line on stderr."""
        if record.levelno >= logging.WARNING:
            warn(f"icl: {record.getMessage()}")
        else:
            say(f"[{time.monotonic() - self.started_at:6.2f} s] {record.getMessage()}")


@contextmanager
def told(loudness: Loudness) -> Iterator[None]:
    """Within it, talk is as loud as this. Warnings are always shown; --verbose adds what is reused, and times."""
    with speaking(loudness):
        package, handler = logging.getLogger("icl_cli"), _Tell()
        before = package.level
        package.addHandler(handler)
        package.setLevel(logging.INFO if loudness >= Loudness.VERBOSE else logging.WARNING)
        try:
            yield
        finally:
            package.info("Ended.")
            package.removeHandler(handler)
            package.setLevel(before)
