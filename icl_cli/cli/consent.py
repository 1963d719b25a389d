"""Asking before something is deleted."""

import sys
from collections.abc import Sequence
from typing import Any

import typer

from icl_cli.cli.console import say, warn
from icl_cli.errors import UsageError
from icl_cli.report.formatting import count

MOST_LISTED = 20


def consents(runs: Sequence[Any], path: str, yes: bool, instead: str = "") -> bool:
    """Whether `runs` may be deleted from the database at `path`: said beforehand by `yes`, or now.

    `instead` is what else could be done, after a comma. Raises `UsageError` where nobody can be asked.
    """
    if yes:
        return True
    doomed = count(len(runs), "run")
    if not sys.stdin.isatty():
        raise UsageError(f"{doomed} would be deleted from {path}. Give --yes to do so{instead}.")
    for run in runs[:MOST_LISTED]:
        warn(run_line(run))
    if len(runs) > MOST_LISTED:
        warn(f"and {len(runs) - MOST_LISTED} more")
    agreed = typer.confirm(f"Delete {doomed} from {path}?", err=True)
    if not agreed:
        say("Nothing was deleted.")
    return agreed


def run_line(run: Any) -> str:
    """A run in one line, for somebody who is about to lose it."""
    ended = run.finished_at or run.started_at
    return f"{run.short_id} {run.status.value} {run.name} seed {run.seed} step {run.step} ({ended:%Y-%m-%d})"
