"""Sweeps in the database: which runs each plans, how they stand, and which of them a process should train next."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select, update

from icl_cli.config import RunConfig, canonical_json
from icl_cli.errors import NothingMatchedError
from icl_cli.store.claims import Claim, Claimant, ClaimOutcome, new_row, take
from icl_cli.store.database import Database
from icl_cli.store.leases import is_lost, utc_now
from icl_cli.store.names import check_name
from icl_cli.store.records import Run, RunStatus
from icl_cli.store.runs import run_of, run_query
from icl_cli.store.schema import runs, sweep_runs, sweeps
from icl_cli.store.upsert import insert_missing
from icl_cli.store.wording import senseless

# Attempts in a row that may come to nothing before a run is left alone.
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class StoredSweep:
    """A sweep that was started: its name, the checked content of its file, and how many of its runs stand where."""

    id: str
    name: str
    content: Mapping[str, Any]
    created_at: datetime
    counts: Mapping[RunStatus, int]

    @property
    def total(self) -> int:
        """All its runs that the database has."""
        return sum(self.counts.values())

    @property
    def is_over(self) -> bool:
        """Whether no run of it waits or is being trained."""
        over = (RunStatus.FINISHED, RunStatus.DIVERGED, RunStatus.FAILED)
        return all(status in over for status in self.counts)


def sweep_identity(content: Mapping[str, Any]) -> str:
    """SHA-256 (64 hexadecimal digits) of the canonical JSON of a sweep's content: its id."""
    return hashlib.sha256(canonical_json(dict(content)).encode()).hexdigest()


def store_sweep(
    database: Database, name: str, content: Mapping[str, Any], planned: Sequence[tuple[RunConfig, str]]
) -> str:
    """Keep a sweep and plan those of its runs, each with its name, that the database lacks; the sweep's id.

    Done again, it changes nothing. Raises `UsageError` for a bad name.
    """
    identity, now = sweep_identity(content), utc_now()
    # A microsecond apart, so that they are trained in the order of the file.
    moments = (now + timedelta(microseconds=place) for place in range(len(planned)))
    rows = [_planned(config, check_name(name), at) for (config, name), at in zip(planned, moments, strict=True)]
    sweep = {"id": identity, "name": name, "content": canonical_json(dict(content)), "created_at": now}
    with database.write() as connection:
        insert_missing(connection, runs, rows)
        insert_missing(connection, sweeps, [sweep])
        insert_missing(connection, sweep_runs, [{"sweep_id": identity, "run_id": row["id"]} for row in rows])
    return identity


def count_sweep_runs(database: Database) -> dict[str, dict[RunStatus, int]]:
    """By the id of every sweep, how many of its runs stand where."""
    query = (
        select(sweep_runs.c.sweep_id, runs.c.status, func.count())
        .join_from(sweep_runs, runs)
        .group_by(sweep_runs.c.sweep_id, runs.c.status)
    )
    counts: dict[str, dict[RunStatus, int]] = {}
    with database.read() as connection:
        for sweep_id, status, number in connection.execute(query):
            try:
                counts.setdefault(sweep_id, {})[RunStatus(status)] = number
            except ValueError as error:
                raise senseless("status of a run", status) from error
    return counts


def list_sweeps(database: Database) -> list[StoredSweep]:
    """All sweeps, the one that was started last at the front."""
    counts = count_sweep_runs(database)
    with database.read() as connection:
        rows = connection.execute(select(sweeps).order_by(sweeps.c.created_at.desc(), sweeps.c.id)).mappings()
        return [_sweep_of(row, counts.get(row["id"], {})) for row in rows]


def list_sweep_runs(
    database: Database, sweep_id: str, *statuses: RunStatus, ended_after: datetime | None = None
) -> list[Run]:
    """The runs that a sweep plans, of these statuses (none: of any), in the order in which they were planned.

    `ended_after` leaves only those that finished, diverged or failed later than that.
    """
    query = _runs_of(sweep_id).order_by(runs.c.created_at, runs.c.id)
    if statuses:
        query = query.where(runs.c.status.in_([status.value for status in statuses]))
    if ended_after is not None:
        query = query.where(runs.c.finished_at > ended_after)
    with database.read() as connection:
        return [run_of(row) for row in connection.execute(query).mappings()]


def claim_waiting(
    database: Database, sweep_id: str, claimant: Claimant, most_attempts: int = MOST_ATTEMPTS, most: int = 1
) -> list[Claim]:
    """Claim a run of the sweep that nobody trains, the ones that were begun first; none if there is none.

    Beside it up to `most` in all that differ from it in nothing but the seed. Runs whose last `most_attempts` attempts
    all came to nothing are left alone.
    """
    now = utc_now()
    with database.write() as connection:
        _settle(connection, sweep_id, claimant, most_attempts)
        # Begun ones first: their results come sooner.
        order = (runs.c.status == RunStatus.PLANNED.value, runs.c.created_at, runs.c.id)
        waiting = _runs_of(sweep_id).where(_is_waiting(most_attempts)).order_by(*order)
        chosen = _free(connection, waiting, 1)
        if chosen and most > 1:
            others = waiting.where(runs.c.family == chosen[0].family, runs.c.id != chosen[0].id)
            chosen += _free(connection, others, most - 1)
        for run in chosen:
            take(connection, run, claimant, now)
        taken = [run_of(connection.execute(run_query(run.id)).mappings().one()) for run in chosen]
    return [Claim(run, _outcome(found)) for run, found in zip(taken, chosen, strict=True)]


def count_waiting(database: Database, sweep_id: str, most_attempts: int = MOST_ATTEMPTS) -> int:
    """How many runs `claim_waiting` could claim, one after the other."""
    with database.read() as connection:
        chosen = _runs_of(sweep_id).where(_is_waiting(most_attempts)).subquery()
        return connection.execute(select(func.count()).select_from(chosen)).scalar_one()


def reclaim_lost(database: Database, claimant: Claimant) -> list[Run]:
    """Give up every run whose owner has died, so that none stays "running" for ever; the runs as they were."""
    with database.write() as connection:
        return _give_up_lost(connection, select(runs), claimant)


def settle_sweep(database: Database, sweep_id: str, claimant: Claimant, most_attempts: int = MOST_ATTEMPTS) -> None:
    """Give up the runs of the sweep whose owner has died; those that did so `most_attempts` times have failed."""
    with database.write() as connection:
        _settle(connection, sweep_id, claimant, most_attempts)


def forgive_attempts(database: Database, sweep_id: str) -> None:
    """Let runs of the sweep be attempted again that failed, or whose process died, however often."""
    stopped = [RunStatus.FAILED.value, RunStatus.INTERRUPTED.value]
    failed = runs.c.status.in_(stopped) & runs.c.id.in_(_ids_of(sweep_id))
    with database.write() as connection:
        connection.execute(update(runs).where(failed).values(fruitless_attempts=0))


def find_sweep(database: Database, reference: str) -> StoredSweep:
    """The sweep with this name, or whose id begins so; of several the last. Raises `NothingMatchedError`."""
    found = [one for one in list_sweeps(database) if one.name == reference or one.id.startswith(reference)]
    if not found:
        raise NothingMatchedError(f"No sweep {reference!r} in {database.path}. `icl sweep status` lists them.")
    return found[0]


def _sweep_of(row: Mapping[Any, Any], counts: Mapping[RunStatus, int]) -> StoredSweep:
    try:
        content = json.loads(row["content"])
    except (ValueError, RecursionError) as error:
        raise senseless("sweep", row["content"]) from error
    return StoredSweep(row["id"], row["name"], content, row["created_at"], counts)


def _settle(connection: Connection, sweep_id: str, claimant: Claimant, most_attempts: int) -> None:
    _give_up_lost(connection, _runs_of(sweep_id), claimant)
    # Only what was lost is interrupted after fruitless attempts: what was stopped on purpose does not count.
    exhausted = (runs.c.status == RunStatus.INTERRUPTED.value) & (runs.c.fruitless_attempts >= most_attempts)
    failed = {"status": RunStatus.FAILED.value, "finished_at": utc_now()}
    connection.execute(update(runs).where(exhausted, runs.c.id.in_(_ids_of(sweep_id))).values(failed))


def _give_up_lost(connection: Connection, query: Select[Any], claimant: Claimant) -> list[Run]:
    running = query.where(runs.c.status == RunStatus.RUNNING.value).with_for_update(skip_locked=True, of=runs)
    found = [run_of(row) for row in connection.execute(running).mappings()]
    lost = [run for run in found if is_lost(run, claimant.owner, utc_now(), claimant.watch)]
    for run in lost:
        connection.execute(update(runs).where(runs.c.id == run.id).values(_given_up(run)))
    return lost


def _free(connection: Connection, query: Select[Any], most: int) -> list[Run]:
    """Rows that another transaction is about to take are passed over."""
    rows = connection.execute(query.limit(most).with_for_update(skip_locked=True, of=runs)).mappings()
    return [run_of(row) for row in rows]


def _outcome(found: Run) -> ClaimOutcome:
    return ClaimOutcome.NEW if found.status is RunStatus.PLANNED else ClaimOutcome.RESUMED


def _ids_of(sweep_id: str) -> Select[Any]:
    return select(sweep_runs.c.run_id).where(sweep_runs.c.sweep_id == sweep_id)


def _runs_of(sweep_id: str) -> Select[Any]:
    return select(runs).join(sweep_runs, sweep_runs.c.run_id == runs.c.id).where(sweep_runs.c.sweep_id == sweep_id)


def _is_waiting(most_attempts: int) -> ColumnElement[bool]:
    begun = [RunStatus.PLANNED.value, RunStatus.INTERRUPTED.value, RunStatus.FAILED.value]
    return runs.c.status.in_(begun) & (runs.c.fruitless_attempts < most_attempts)


def _planned(config: RunConfig, name: str, now: datetime) -> dict[str, Any]:
    return new_row(config) | {
        "name": name,
        "status": RunStatus.PLANNED.value,
        "created_at": now,
        # It has no start yet; the column tells when it was planned.
        "started_at": now,
        "attempt": 0,
        "fruitless_attempts": 0,
        "provenance": "{}",
    }


def _given_up(run: Run) -> dict[str, Any]:
    """The columns of a run whose owner died: it waits for the next one."""
    return {
        "status": RunStatus.INTERRUPTED.value,
        "error": f"the process that trained it died, at or after step {run.step}",
        "owner": None,
        "lease_expires_at": None,
    }
