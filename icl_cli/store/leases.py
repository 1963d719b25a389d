"""Leases: a run belongs to one process at a time, for as long as that lives or, if nobody can see that, renews it.

Clocks jump and differ between machines, so that a lease that has expired proves nothing. Where the owner's process can
be looked for, only its death ends a lease. Elsewhere a lease has to have expired, or to end so late that its clock was
wrong, *and* to have been left as it is for `SILENT_SECONDS`, counted by a clock of the one who waits.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from icl_cli.errors import BusyError, LostRunError, NothingMatchedError
from icl_cli.store.ownership import owner_lives, readable_owner
from icl_cli.store.records import SHORT_ID_DIGITS, Run, RunStatus
from icl_cli.store.schema import runs

LEASE_SECONDS = 300.0
# Leases are renewed so often that a living owner shows itself several times in `SILENT_SECONDS`.
RENEWAL_SECONDS = 15.0
SILENT_SECONDS = 60.0
# A lease that ends later than this was given by a clock that is wrong by more than the clocks of hosts ever differ. A
# living owner loses nothing by that: its lease is renewed, and so not silent.
LONGEST_SECONDS = 3600.0

# Made once, because a training executes it at every report; the values that it is given decide which columns it sets.
_UPDATE_OWNED = (
    update(runs)
    .where(runs.c.id == bindparam("run_id"), runs.c.owner == bindparam("held_by"))
    .where(runs.c.status == RunStatus.RUNNING.value)
)


class LeaseExpiredError(BusyError):
    """The lease of a run has expired, but whether its owner is dead shows only if it stays silent. Exit code 75."""


@dataclass
class Watch:
    """Leases that one process has seen to be expired, and since when, by its own monotonic clock.

    `seconds` is how long a lease must have been left as it is.
    """

    seconds: float = SILENT_SECONDS
    seen: dict[str, tuple[str | None, datetime | None, float]] = field(default_factory=dict)

    def is_silent(self, run: Run) -> bool:
        """Whether the lease of `run` has been left as it is for so long; the first look starts counting."""
        owner, expires_at, since = self.seen.get(run.id, (None, None, 0.0))
        if (owner, expires_at) != (run.owner, run.lease_expires_at):
            self.seen[run.id] = (run.owner, run.lease_expires_at, time.monotonic())
            return False
        return time.monotonic() - since >= self.seconds


def utc_now() -> datetime:
    """The present moment, with its zone."""
    return datetime.now(UTC)


def lease_end(now: datetime, lease_seconds: float) -> datetime:
    """When a lease that is given or renewed `now` expires."""
    return now + timedelta(seconds=lease_seconds)


def is_lost(run: Run, owner: str, now: datetime, watch: Watch) -> bool:
    """Whether `run` is being trained by nobody any more, as far as the process `owner` can tell."""
    if run.status is not RunStatus.RUNNING or run.owner is None:
        return False
    lives = owner_lives(run.owner, owner)
    return not lives if lives is not None else _proves_nothing(run, now) and watch.is_silent(run)


def seems_lost(run: Run, owner: str, now: datetime) -> bool:
    """The same at first sight, for those who only look: an expired lease of an owner elsewhere counts as lost."""
    if run.status is not RunStatus.RUNNING or run.owner is None:
        return False
    lives = owner_lives(run.owner, owner)
    return not lives if lives is not None else _proves_nothing(run, now)


def require_free(run: Run, owner: str, now: datetime, watch: Watch) -> None:
    """Raises `BusyError` if a living process other than `owner` holds the lease of `run`."""
    if run.status is not RunStatus.RUNNING or run.owner is None or run.owner == owner:
        return
    if is_lost(run, owner, now, watch):
        return
    if owner_lives(run.owner, owner) is None and _proves_nothing(run, now):
        raise LeaseExpiredError(
            f"Run {run.short_id} ({run.name}) belongs to {readable_owner(run.owner)}, which may be dead. "
            f"Wait {watch.seconds:g} s and run the same command again, or free it: `icl runs release {run.short_id}`."
        )
    raise BusyError(
        f"Run {run.short_id} ({run.name}) is being trained by {readable_owner(run.owner)}, whose lease ends at "
        f"{run.lease_expires_at:%Y-%m-%d %H:%M:%S} UTC. Wait, or stop that process and run the same command again; "
        f"if it is dead: `icl runs release {run.short_id}`."
    )


def update_owned(connection: Connection, run_id: str, owner: str, values: Mapping[str, Any]) -> None:
    """Set columns of a run that `owner` trains; every transaction of an owner starts with this.

    Raises `LostRunError` if `owner` lost the run and `NothingMatchedError` if there is no such run.
    """
    if connection.execute(_UPDATE_OWNED, {"run_id": run_id, "held_by": owner, **values}).rowcount == 0:
        raise _lost(connection, run_id, owner)


def _proves_nothing(run: Run, now: datetime) -> bool:
    """Whether the lease has expired, or ends so late that the clock of who gave it must have been wrong."""
    end = run.lease_expires_at
    return end is None or not now < end <= now + timedelta(seconds=LONGEST_SECONDS)


def _lost(connection: Connection, run_id: str, owner: str) -> LostRunError | NothingMatchedError:
    row = connection.execute(select(runs.c.status, runs.c.owner).where(runs.c.id == run_id)).one_or_none()
    short_id = run_id[:SHORT_ID_DIGITS]
    if row is None:
        return NothingMatchedError(f"No run {short_id} in the database; claim it before recording anything of it.")
    fate = f"was taken over by {readable_owner(row.owner)}" if row.owner else f"is {row.status} and nobody's"
    return LostRunError(
        f"Run {short_id} {fate}: {readable_owner(owner)} no longer owns it and recorded nothing more. "
        "Run the same command again to go on from what is stored."
    )
