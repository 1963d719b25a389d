"""Deleting runs that came to nothing, with everything of theirs."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Delete, delete

from icl_cli.errors import UsageError
from icl_cli.store.baselines import delete_unused_imports
from icl_cli.store.database import Database
from icl_cli.store.leases import utc_now
from icl_cli.store.records import Run, RunStatus
from icl_cli.store.runs import list_runs
from icl_cli.store.schema import runs

# A finished run is what the database is for, and a running one is somebody's.
PRUNABLE = (RunStatus.FAILED, RunStatus.INTERRUPTED, RunStatus.DIVERGED, RunStatus.PLANNED)


def prunable_statuses(names: Sequence[str]) -> tuple[RunStatus, ...]:
    """The statuses of these names, each once. Raises `UsageError` for one whose runs are never deleted."""
    allowed = {status.value: status for status in PRUNABLE}
    for name in names:
        if name not in allowed:
            raise UsageError(f"--status: {name!r} given; allowed are {', '.join(allowed)}.")
    return tuple(dict.fromkeys(allowed[name] for name in names))


def old_runs(
    database: Database, statuses: Collection[RunStatus], days: float, now: datetime | None = None
) -> list[Run]:
    """The runs of these statuses whose last attempt ended (or, where it was cut off, began) more than `days` ago."""
    try:
        before = (now or utc_now()) - timedelta(days=days)
    except OverflowError:
        # Before all that a calendar has, no run ended.
        return []
    found = [run for status in statuses for run in list_runs(database, status=status)]
    return [run for run in found if (run.finished_at or run.started_at) < before]


def delete_runs(database: Database, doomed: Sequence[Run]) -> int:
    """Delete those of these runs that nobody has taken up since they were looked at; how many they were."""
    with database.write() as connection:
        deleted = sum(connection.execute(_deletion(run)).rowcount for run in doomed)
        delete_unused_imports(connection)
    return deleted


def _deletion(run: Run) -> Delete:
    as_seen = (runs.c.status == run.status.value, runs.c.attempt == run.attempt)
    return delete(runs).where(runs.c.id == run.id, *as_seen)
