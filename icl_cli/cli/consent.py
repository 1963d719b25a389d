"""Asking before something is done that people seldom mean."""

import sys
from collections.abc import Sequence
from typing import Any

import typer

from icl_cli.cli.console import say, warn
from icl_cli.errors import UsageError
from icl_cli.report.formatting import count

MOST_LISTED = 20


def deletion_is_wanted(runs: Sequence[Any], path: str, yes: bool, instead: str = "") -> bool:
    """Whether `runs` may be deleted from the database at `path`: said beforehand by `yes`, or now.

    `instead` is what else could be done, after a comma. Raises `UsageError` where nobody can be asked.
    """
    doomed = count(len(runs), "run")
    refusal = f"{doomed} would be deleted from {path}. Give --yes to do so{instead}."
    return yes or _agreed(runs, f"Delete {doomed} from {path}?", "Nothing was deleted.", refusal)


def sharing_is_wanted(others: Sequence[Any], name: str, yes: bool) -> bool:
    """Whether runs may be given a name that `others`, of another configuration, have; asked as above."""
    taken = f"{name!r} is the name of {count(len(others), 'run')} of another configuration"
    refusal = f"{taken} ({others[0].short_id}), and would mean all of them. Give --yes to do so, or another name."
    return yes or _agreed(others, f"{taken}. Share it?", "Nothing was renamed.", refusal)


def release_is_wanted(runs: Sequence[Any], owners: Sequence[str], yes: bool) -> bool:
    """Whether `runs` may be taken from the processes `owners`; asked as above."""
    held = f"{count(len(runs), 'run')} of {', '.join(sorted(set(owners)))}"
    refusal = f"{held} would be freed. Make sure that these processes are dead, and give --yes to do so."
    return yes or _agreed(runs, f"Free {held}, which must be dead?", "Nothing was freed.", refusal)


def _agreed(runs: Sequence[Any], question: str, otherwise: str, refusal: str) -> bool:
    """Show the runs and ask. Raises `UsageError` with the `refusal` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise UsageError(refusal)
    for run in runs[:MOST_LISTED]:
        warn(run_line(run))
    if len(runs) > MOST_LISTED:
        warn(f"and {len(runs) - MOST_LISTED} more")
    agreed = typer.confirm(question, err=True)
    if not agreed:
        say(otherwise)
    return agreed


def run_line(run: Any) -> str:
    """A run in one line, for somebody who is about to lose it, or its name."""
    ended = run.finished_at or run.started_at
    return f"{run.short_id} {run.status.value} {run.name} seed {run.seed} step {run.step} ({ended:%Y-%m-%d})"
