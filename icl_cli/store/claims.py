"""Taking a run to train it, keeping it, and giving it back.

A claim reads and writes in one transaction that holds the lock on the run (in SQLite: the only write lock) from its
beginning, so that of many processes that want the same run exactly one gets it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import Connection, update

from icl_cli.config import RunConfig, canonical_json
from icl_cli.errors import BusyError
from icl_cli.store.database import Database
from icl_cli.store.leases import LEASE_SECONDS, Watch, lease_end, require_free, update_owned, utc_now
from icl_cli.store.names import check_name
from icl_cli.store.ownership import owner_lives, readable_owner
from icl_cli.store.records import Run, RunStatus
from icl_cli.store.runs import find_run_within, run_of, run_query
from icl_cli.store.schema import runs
from icl_cli.store.upsert import insert_missing


class ClaimOutcome(StrEnum):
    """What a claim found: nothing yet, a run to go on with, or one that needs no more training."""

    NEW = "new"
    RESUMED = "resumed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Claim:
    """A run, and whether the caller now owns it: it does unless the outcome is ENDED."""

    run: Run
    outcome: ClaimOutcome


@dataclass(frozen=True)
class Claimant:
    """Who claims: the process `owner`, the `provenance` of what it will record, and the leases that it watches."""

    owner: str
    provenance: Mapping[str, str] = field(default_factory=dict)
    lease_seconds: float = LEASE_SECONDS
    watch: Watch = field(default_factory=Watch)


def claim_run(
    database: Database, config: RunConfig, claimant: Claimant, *, name: str, now: datetime | None = None
) -> Claim:
    """Make `claimant` the only process that may record the run of `config`.

    A run that was planned, interrupted, failed or lost goes on with everything that was recorded; it keeps its first
    name, and the claimant's provenance replaces that of the attempt before. `now` is the present unless given. Raises
    `BusyError` naming the owner if another process trains the run, and `UsageError` for a bad name.
    """
    check_name(name)
    now = now or utc_now()
    with database.write() as connection:
        found = find_run_within(connection, config.identity)
        first = new_row(config) | {"name": name, "created_at": now} | _taken(claimant, now, 0, 0)
        if found is None and not insert_missing(connection, runs, [first]):
            # On PostgreSQL another process may have inserted it between the two statements; it is locked now.
            found = find_run_within(connection, config.identity)
        if found is not None and found.status.has_ended:
            return Claim(found, ClaimOutcome.ENDED)
        if found is not None:
            require_free(found, claimant.owner, now, claimant.watch)
            take(connection, found, claimant, now)
        run = run_of(connection.execute(run_query(config.identity)).mappings().one())
    is_first = found is None or found.status is RunStatus.PLANNED
    return Claim(run, ClaimOutcome.NEW if is_first else ClaimOutcome.RESUMED)


def take(connection: Connection, run: Run, claimant: Claimant, now: datetime) -> None:
    """Give `run`, which is free, to `claimant`, as a part of a transaction."""
    again = _taken(claimant, now, run.attempt, run.fruitless_attempts) | {"error": None, "finished_at": None}
    connection.execute(update(runs).where(runs.c.id == run.id).values(again))


def new_row(config: RunConfig) -> dict[str, Any]:
    """The columns of a run of which nothing is recorded yet; others say how it stands."""
    identity = {"id": config.identity, "family": config.family, "config": config.to_json()}
    return identity | {"step": 0, "training_seconds": 0.0}


def renew_lease(database: Database, run_id: str, *, owner: str, lease_seconds: float) -> None:
    """Keep the run for another `lease_seconds` from now. Raises `BusyError` if `owner` lost it."""
    with database.write() as connection:
        update_owned(connection, run_id, owner, {"lease_expires_at": lease_end(utc_now(), lease_seconds)})


def release_run(
    database: Database,
    run_id: str,
    *,
    owner: str,
    status: Literal[RunStatus.INTERRUPTED, RunStatus.FAILED] = RunStatus.INTERRUPTED,
    error: str | None = None,
) -> None:
    """Give the run back unfinished, with the reason if it failed. Raises `BusyError` if `owner` lost it.

    An attempt that was stopped on purpose does not count as one that came to nothing.
    """
    failed = status is RunStatus.FAILED
    values = {
        "status": status.value,
        "error": error,
        "finished_at": utc_now() if failed else None,
        "owner": None,
        "lease_expires_at": None,
    }
    with database.write() as connection:
        update_owned(connection, run_id, owner, values if failed else values | {"fruitless_attempts": 0})


def free_runs(database: Database, run_ids: Sequence[str], seen_from: str) -> list[Run]:
    """Take running runs from their owners, whatever their leases say, so that anybody may go on with them.

    **Returns** those that were running, as they were; others are left as they are. An owner that lives after all
    records nothing more and stops. Raises `BusyError`, and frees none, if one is seen to live, which it can be on this
    machine.
    """
    with database.write() as connection:
        found = [find_run_within(connection, run_id) for run_id in run_ids]
        running = [run for run in found if run is not None and run.status is RunStatus.RUNNING]
        for run in running:
            if run.owner is not None and owner_lives(run.owner, seen_from):
                raise BusyError(
                    f"Run {run.short_id} ({run.name}) is being trained by {readable_owner(run.owner)}, which is alive. "
                    "Stop that process first; no run was freed."
                )
        for run in running:
            values = {"status": RunStatus.INTERRUPTED.value, "owner": None, "lease_expires_at": None}
            connection.execute(update(runs).where(runs.c.id == run.id).values(values))
    return running


def _taken(claimant: Claimant, now: datetime, attempts: int, fruitless: int) -> dict[str, Any]:
    return {
        "status": RunStatus.RUNNING.value,
        "owner": claimant.owner,
        "lease_expires_at": lease_end(now, claimant.lease_seconds),
        "started_at": now,
        "provenance": canonical_json(dict(claimant.provenance)),
        "attempt": attempts + 1,
        "fruitless_attempts": fruitless + 1,
    }
