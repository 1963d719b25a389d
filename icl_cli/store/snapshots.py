"""Weights over training and the latest resumable state, as bytes whose SHA-256 is checked at every read."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, select

from icl_cli.errors import NothingMatchedError, SnapshotError
from icl_cli.store.database import Database
from icl_cli.store.records import SHORT_ID_DIGITS, Checkpoint, Snapshot
from icl_cli.store.schema import checkpoints, snapshots
from icl_cli.store.upsert import upsert


def list_snapshot_steps(database: Database, run_id: str) -> list[int]:
    """The steps whose weights are stored, in order."""
    query = select(snapshots.c.step).where(snapshots.c.run_id == run_id).order_by(snapshots.c.step)
    with database.read() as connection:
        return list(connection.execute(query).scalars())


def get_snapshot(database: Database, run_id: str, step: int | None = None) -> Snapshot:
    """The weights at `step`, None for the last.

    Raises `NothingMatchedError` if there are none and `SnapshotError` if the stored bytes were altered.
    """
    query = select(snapshots).where(snapshots.c.run_id == run_id).order_by(snapshots.c.step.desc()).limit(1)
    if step is not None:
        query = query.where(snapshots.c.step == step)
    with database.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        raise _no_snapshot(database, run_id, step)
    check_digest(row.weights, row.sha256, "weights", row.run_id, row.step)
    return Snapshot(row.run_id, row.step, row.weights, row.sha256)


def iterate_snapshots(database: Database, run_id: str) -> Iterator[Snapshot]:
    """Every snapshot of the run by step, one in memory at a time; raises as `get_snapshot`."""
    # One transaction each: a reader that stays open while its caller computes would keep the log from shrinking.
    for step in list_snapshot_steps(database, run_id):
        yield get_snapshot(database, run_id, step)


def find_checkpoint(database: Database, run_id: str) -> Checkpoint | None:
    """The state to go on from, None if there is none. Raises `SnapshotError` if the stored bytes were altered."""
    with database.read() as connection:
        row = connection.execute(select(checkpoints).where(checkpoints.c.run_id == run_id)).one_or_none()
    if row is None:
        return None
    check_digest(row.state, row.sha256, "state", row.run_id, row.step)
    return Checkpoint(row.run_id, row.step, row.state, row.sha256)


def write_snapshot(connection: Connection, run_id: str, step: int, weights: bytes) -> None:
    """Store weights as a part of a transaction, in place of those of the same step."""
    row = {"run_id": run_id, "step": int(step), "weights": weights, "sha256": _digest(weights)}
    upsert(connection, snapshots, [row])


def write_checkpoint(connection: Connection, run_id: str, step: int, state: bytes) -> None:
    """Store the state to go on from as a part of a transaction, in place of the one before."""
    row = {"run_id": run_id, "step": int(step), "state": state, "sha256": _digest(state)}
    upsert(connection, checkpoints, [row])


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def check_digest(content: bytes, recorded: str, what: str, run_id: str, step: int) -> None:
    """Raises `SnapshotError` unless `content`, which is `what` of a run at a step, has the recorded SHA-256."""
    digest = _digest(content)
    if digest != recorded:
        raise SnapshotError(
            f"The stored {what} of run {run_id[:SHORT_ID_DIGITS]} at step {step} were altered: SHA-256 is "
            f"{digest[:12]}..., recorded was {recorded[:12]}.... Restore a copy of the database, or train into "
            "another."
        )


def _no_snapshot(database: Database, run_id: str, step: int | None) -> NothingMatchedError:
    steps = list_snapshot_steps(database, run_id)
    wanted = "no snapshot" if step is None else f"no snapshot at step {step}"
    there = f"Stored steps: {', '.join(map(str, steps))}." if steps else "Run its training command again."
    return NothingMatchedError(f"Run {run_id[:SHORT_ID_DIGITS]} has {wanted} in {database.path}. {there}")
