"""Runs and sweeps as JSON content, for programs."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from icl_cli.store import Comparison, Run, RunStatus, StoredSweep, Summary, readable_owner


def run_outline(run: Run) -> dict[str, Any]:
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


def run_record(run: Run, summaries: Sequence[Summary], comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Everything about a run but its curves."""
    return run_outline(run) | {
        "family": run.family,
        "diverged_step": run.diverged_step,
        "error": run.error,
        "attempt": run.attempt,
        "training_seconds": run.training_seconds,
        "config": run.config.model_dump(mode="json"),
        "provenance": dict(run.provenance),
        "summaries": [dataclasses.asdict(summary) for summary in summaries],
        "comparisons": [dataclasses.asdict(comparison) for comparison in comparisons],
    }


def sweep_record(sweep: StoredSweep, unfinished: Sequence[Run]) -> dict[str, Any]:
    """A sweep, how many of its runs stand where, and those that are not through."""
    return {
        "id": sweep.id,
        "name": sweep.name,
        "quick": bool(sweep.content.get("quick")),
        "planned_at": sweep.created_at.isoformat(),
        "runs": sweep.total,
        "counts": {status.value: sweep.counts.get(status, 0) for status in RunStatus},
        "unfinished": [
            run_outline(run)
            | {"attempt": run.attempt, "owner": run.owner and readable_owner(run.owner), "error": run.error}
            for run in unfinished
        ],
    }


def plain_value(value: Any) -> Any:
    """A value of a database as JSON content: moments as ISO 8601, tuples as lists."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain_value(each) for name, each in value.items()}
    return list(value) if isinstance(value, tuple) else value
