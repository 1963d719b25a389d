"""Runs and sweeps as JSON content, for programs."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from icl_cli.report.deleted_runs import count_deleted
from icl_cli.report.json_records import (
    ComparisonRecord,
    RunOutline,
    RunRecord,
    SummaryRecord,
    SweepRecord,
    TrainedRecord,
    UnfinishedRecord,
)
from icl_cli.store import (
    Comparison,
    Database,
    Run,
    RunStatus,
    StoredSweep,
    Summary,
    list_sweep_runs,
    readable_owner,
)


def run_outline(run: Run) -> RunOutline:
    """What a list of runs says of one."""
    return {
        "id": run.id,
        "name": run.name,
        "seed": run.seed,
        "status": run.status.value,
        "step": run.step,
        "steps": run.config.training.steps,
        "started_at": run.started_at.isoformat(),
    }


def trained_record(run: Run, summaries: Sequence[Summary]) -> TrainedRecord:
    """What came out of training one."""
    return {
        **run_outline(run),
        "diverged_step": run.diverged_step,
        "training_seconds": run.training_seconds,
        "summaries": [SummaryRecord(**dataclasses.asdict(summary)) for summary in summaries],
    }


def run_record(
    run: Run, summaries: Sequence[Summary], comparisons: Sequence[Comparison], tags: Sequence[str]
) -> RunRecord:
    """Everything about a run but its curves."""
    return {
        **trained_record(run, summaries),
        "family": run.family,
        "error": run.error,
        "attempt": run.attempt,
        "config": run.config.model_dump(mode="json"),
        "provenance": dict(run.provenance),
        "comparisons": [ComparisonRecord(**dataclasses.asdict(comparison)) for comparison in comparisons],
        "tags": list(tags),
        "note": run.note,
    }


def sweep_record(sweep: StoredSweep, unfinished: Sequence[Run]) -> SweepRecord:
    """A sweep, how many of its runs stand where, and those that are not through."""
    deleted = count_deleted(sweep)
    return {
        "id": sweep.id,
        "name": sweep.name,
        "quick": bool(sweep.content.get("quick")),
        "planned_at": sweep.created_at.isoformat(),
        "runs": sweep.total + deleted,
        "counts": {status.value: sweep.counts.get(status, 0) for status in RunStatus},
        "deleted": deleted,
        "unfinished": [_unfinished(run) for run in unfinished],
    }


def unfinished_runs(database: Database, sweep_id: str) -> list[Run]:
    """The runs of a sweep that are not through, and those that came to nothing."""
    return list_sweep_runs(
        database, sweep_id, RunStatus.RUNNING, RunStatus.INTERRUPTED, RunStatus.DIVERGED, RunStatus.FAILED
    )


def _unfinished(run: Run) -> UnfinishedRecord:
    owner = run.owner and readable_owner(run.owner)
    return {**run_outline(run), "attempt": run.attempt, "owner": owner, "error": run.error}


def plain_value(value: Any) -> Any:
    """A value of a database as JSON content: moments as ISO 8601, tuples as lists."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain_value(each) for name, each in value.items()}
    return list(value) if isinstance(value, tuple) else value
