"""Taking a run to train it, keeping it, and giving it back.

A claim reads and writes in one transaction that holds the lock on the run (in SQLite: the only write lock) from its
beginning, so that of many processes that want the same run exactly one gets it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import Connection, update

from icl_cli.config import RunConfig, canonical_json
from icl_cli.store.database import Database
from icl_cli.store.leases import lease_end, require_free, update_owned, utc_now
from icl_cli.store.names import check_name
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


def claim_run(
    database: Database,
    config: RunConfig,
    *,
    name: str,
    owner: str,
    provenance: Mapping[str, str],
    lease_seconds: float,
    now: datetime | None = None,
) -> Claim:
    """Make `owner` ("host:pid") the only process that may record the run of `config`, for `lease_seconds`.

    A run that was interrupted, failed, or lost by a dead owner or an expired lease goes on with everything that was
    recorded; it keeps its first name, and `provenance` replaces that of the attempt before. `now` is the present unless
    given. Raises `BusyError` naming the owner if another process trains the run, and `UsageError` for a bad name.
    """
    check_name(name)
    now = now or utc_now()
    taken = {
        "status": RunStatus.RUNNING.value,
        "owner": owner,
        "lease_expires_at": lease_end(now, lease_seconds),
        "started_at": now,
        "provenance": canonical_json(dict(provenance)),
    }
    with database.write() as connection:
        found = find_run_within(connection, config.identity)
        first = {**taken, "name": name, "created_at": now, "attempt": 1, "fruitless_attempts": 1}
        if found is None and not _insert(connection, config, first):
            # On PostgreSQL another process may have inserted it between the two statements; it is locked now.
            found = find_run_within(connection, config.identity)
        if found is not None and found.status.has_ended:
            return Claim(found, ClaimOutcome.ENDED)
        if found is not None:
            require_free(found, owner, now)
            counted = {"attempt": found.attempt + 1, "fruitless_attempts": found.fruitless_attempts + 1}
            again = {**taken, **counted, "error": None, "finished_at": None}
            connection.execute(update(runs).where(runs.c.id == found.id).values(again))
        run = run_of(connection.execute(run_query(config.identity)).mappings().one())
    is_first = found is None or found.status is RunStatus.PLANNED
    return Claim(run, ClaimOutcome.NEW if is_first else ClaimOutcome.RESUMED)


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
    """Give the run back unfinished, with the reason if it failed. Raises `BusyError` if `owner` lost it."""
    finished_at = utc_now() if status is RunStatus.FAILED else None
    values = {
        "status": status.value,
        "error": error,
        "finished_at": finished_at,
        "owner": None,
        "lease_expires_at": None,
    }
    with database.write() as connection:
        update_owned(connection, run_id, owner, values)


def _insert(connection: Connection, config: RunConfig, values: Mapping[str, Any]) -> bool:
    """Whether the run was not there yet."""
    identity = {"id": config.identity, "family": config.family, "config": config.to_json()}
    return insert_missing(connection, runs, [identity | {"step": 0, "training_seconds": 0.0} | dict(values)]) == 1
