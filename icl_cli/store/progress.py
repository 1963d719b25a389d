"""What the owner of a run records: progress while it trains, and how it ended."""

from collections.abc import Sequence
from typing import Literal

from icl_cli.store.database import Database
from icl_cli.store.leases import lease_end, update_owned, utc_now
from icl_cli.store.metrics import write_metrics, write_summaries
from icl_cli.store.records import Metric, RunStatus, Summary
from icl_cli.store.snapshots import write_checkpoint, write_snapshot


def record_progress(
    database: Database,
    run_id: str,
    *,
    owner: str,
    step: int,
    metrics: Sequence[Metric],
    snapshot: bytes | None,
    checkpoint: bytes | None,
    training_seconds: float,
    lease_seconds: float,
) -> None:
    """Store what happened up to `step` and renew the lease, all or nothing.

    `snapshot` and `checkpoint` are the weights and the resumable state at `step`; `training_seconds` counts from the
    first attempt. What was recorded before for the same step is replaced. Raises `BusyError` if `owner` lost the run.
    """
    values = {"step": int(step), "training_seconds": float(training_seconds), "fruitless_attempts": 0}
    with database.write() as connection:
        update_owned(connection, run_id, owner, values | {"lease_expires_at": lease_end(utc_now(), lease_seconds)})
        write_metrics(connection, run_id, metrics)
        if snapshot is not None:
            write_snapshot(connection, run_id, step, snapshot)
        if checkpoint is not None:
            write_checkpoint(connection, run_id, step, checkpoint)


def finish_run(
    database: Database,
    run_id: str,
    *,
    owner: str,
    status: Literal[RunStatus.FINISHED, RunStatus.DIVERGED],
    step: int,
    diverged_step: int | None = None,
    error: str | None = None,
    training_seconds: float,
    summaries: Sequence[Summary],
) -> None:
    """Store how the run ended and free it, all or nothing; `error` says why it diverged.

    Raises `BusyError` if `owner` lost the run and ValueError for a status that ends none: `release_run` is for those.
    """
    if not status.has_ended:
        raise ValueError(f"finish_run ends a run, {status} does not; use release_run")
    values = {
        "status": status.value,
        "step": int(step),
        "diverged_step": None if diverged_step is None else int(diverged_step),
        "error": error,
        "owner": None,
        "lease_expires_at": None,
        "finished_at": utc_now(),
        "training_seconds": float(training_seconds),
    }
    with database.write() as connection:
        update_owned(connection, run_id, owner, values)
        write_summaries(connection, run_id, summaries)
