"""What a check finds, how bad that is, and the command that mends it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from icl_cli.doctor.place import Place


class Level(StrEnum):
    """ok: as it should be. note: slower or less safe than it could be. problem: something will not work, or harms."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line on what was found, and the exact command that mends it, None where nothing has to be done."""

    level: Level
    text: str
    mend: str | None = None


# It writes nothing, and returns within a few seconds.
Check = Callable[[Place], Iterable[Finding]]


def ok(text: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, text)


def note(text: str, mend: str | None = None) -> Finding:
    """Something is slower or less safe than it could be."""
    return Finding(Level.NOTE, text, mend)


def problem(text: str, mend: str | None = None) -> Finding:
    """Something will not work."""
    return Finding(Level.PROBLEM, text, mend)
