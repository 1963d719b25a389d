"""Who trains a run: one process at a time, known as "host:pid", for as long as its lease lasts.

A killed process cannot give its run back, so a lease expires; on the same host the death of its owner is seen at once.
"""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from icl_cli.errors import BusyError, NothingMatchedError
from icl_cli.store.records import SHORT_ID_DIGITS, Run, RunStatus
from icl_cli.store.schema import runs

# Made once, because a training executes it at every report; the values that it is given decide which columns it sets.
_UPDATE_OWNED = (
    update(runs)
    .where(runs.c.id == bindparam("run_id"), runs.c.owner == bindparam("held_by"))
    .where(runs.c.status == RunStatus.RUNNING.value)
)


def current_owner() -> str:
    """This process, as the owner of runs."""
    return f"{socket.gethostname()}:{os.getpid()}"


def utc_now() -> datetime:
    """The present moment, with its zone."""
    return datetime.now(UTC)


def lease_end(now: datetime, lease_seconds: float) -> datetime:
    """When a lease that is given or renewed `now` expires."""
    return now + timedelta(seconds=lease_seconds)


def owner_is_gone(owner: str, seen_from: str) -> bool:
    """Whether `owner` is a process on the host of `seen_from` that no longer exists; False if that cannot be known."""
    host, _, process = owner.rpartition(":")
    # On Windows signal 0 is not a question but Ctrl+C.
    if host != seen_from.rpartition(":")[0] or not process.isdecimal() or int(process) == 0 or os.name != "posix":
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        # It exists, and belongs to another user.
        return False
    return False


def require_free(run: Run, owner: str, now: datetime) -> None:
    """Raises `BusyError` if a living process other than `owner` holds the lease of `run`."""
    if run.status is not RunStatus.RUNNING or run.owner is None or run.lease_expires_at is None or run.owner == owner:
        return
    if run.lease_expires_at > now and not owner_is_gone(run.owner, owner):
        raise BusyError(
            f"Run {run.short_id} ({run.name}) is being trained by {run.owner}, whose lease ends at "
            f"{run.lease_expires_at:%Y-%m-%d %H:%M:%S} UTC. Wait, or stop that process and run the same command again."
        )


def update_owned(connection: Connection, run_id: str, owner: str, values: Mapping[str, Any]) -> None:
    """Set columns of a run that `owner` trains; every transaction of an owner starts with this.

    Raises `BusyError` if `owner` lost the run and `NothingMatchedError` if there is no such run.
    """
    if connection.execute(_UPDATE_OWNED, {"run_id": run_id, "held_by": owner, **values}).rowcount == 0:
        raise _lost(connection, run_id, owner)


def _lost(connection: Connection, run_id: str, owner: str) -> BusyError | NothingMatchedError:
    row = connection.execute(select(runs.c.status, runs.c.owner).where(runs.c.id == run_id)).one_or_none()
    short_id = run_id[:SHORT_ID_DIGITS]
    if row is None:
        return NothingMatchedError(f"No run {short_id} in the database; claim it before recording anything of it.")
    fate = f"was taken over by {row.owner}" if row.owner else f"is {row.status} and nobody's"
    return BusyError(
        f"Run {short_id} {fate}: {owner} no longer owns it and recorded nothing more. "
        "Run the same command again to go on from what is stored."
    )
