"""The errors that `icl` raises on purpose; the command line turns each into one line and an exit code.

A message says what was wrong, what was given, what is allowed and what to do next, on one line.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class IclError(Exception):
    """Something that the user can understand and mend. Exit code 1."""

    exit_code = 1


class UsageError(IclError):
    """The request itself is wrong: an unknown name, a value out of range. Exit code 2."""

    exit_code = 2


class ConfigError(UsageError):
    """A run's configuration has a value that is not allowed."""


class StoreError(IclError):
    """The database is missing, foreign, corrupt, newer than this release, read-only or full."""


class UnreachableError(StoreError):
    """The database server cannot be reached, or the connection to it was lost; trying again later may help."""


class FullDiskError(StoreError):
    """The disk has no room for what is to be written."""


class ReplacedFileError(StoreError):
    """The file of the database was deleted, moved or replaced while it was open."""


class SnapshotError(IclError):
    """Stored weights do not fit the model that their configuration describes, or were altered."""


class NothingMatchedError(IclError):
    """The command is fine but nothing in the database answers it. Exit code 4."""

    exit_code = 4


class BusyError(IclError):
    """Another process is at work on the same run, sweep or database. Exit code 75."""

    exit_code = 75


class SweepLockedError(BusyError):
    """Another process runs the same sweep on the same database."""


class LostRunError(BusyError):
    """Another process has taken over a run that this one trained."""


@contextmanager
def told_of(place: str) -> Iterator[None]:
    """Begins the message of every `UsageError` raised within by the `place` that it is about, if it has a name."""
    try:
        yield
    except UsageError as error:
        if not place:
            raise
        raise type(error)(placed(place, str(error))) from error


def placed(place: str, message: str) -> str:
    """A message after the place that it is about, if that has a name."""
    return f"{place}: {message[:1].lower()}{message[1:]}" if place else message


def unknown_name(what: str, given: str, allowed: Iterable[str], explained_by: str | None = None) -> UsageError:
    """The error for a name that is not in a registry, with the nearest allowed one and the whole list.

    `explained_by` is a sentence that stands in place of the list: which command shows it, where it is long.
    """
    names = sorted(allowed)
    nearest = get_close_matches(given, names, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return UsageError(f"Unknown {what} {given!r}.{hint} {explained_by or _allowed(names)}")


def _allowed(names: list[str]) -> str:
    return f"Allowed: {', '.join(names)}."
