"""A database as large as years of work leave behind, made through the store's own schema."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, islice, product
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, literal, select

from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.store import Database, RunStatus, store_sweep
from icl_cli.store.schema import metrics, runs, summaries
from icl_cli.sweeps import default_name
from icl_cli.sweeps.provenance import provenance

METRICS = ("training_loss", "gradient_norm", "held_out_loss", "held_out_loss_standard_error")
SEEDS = 10
RUNS_PER_TRANSACTION = 100
FIRST_START = datetime(2025, 1, 1, tzinfo=UTC)


def build(path: Path, number_of_runs: int, number_of_metrics: int) -> None:
    """Make a database of so many runs of many families, in one sweep, with so many metrics, spread evenly."""
    configs = list(islice(_configs(), number_of_runs))
    origin = json.dumps(provenance())
    rows = [_run(index, config, origin) for index, config in enumerate(configs)]
    # Not itertools.product, which would first collect all that count() ever yields.
    series = list(islice(((step, name) for step in count() for name in METRICS), number_of_metrics // number_of_runs))
    with Database.open(path, mode="create") as database:
        for first in range(0, number_of_runs, RUNS_PER_TRANSACTION):
            with database.write() as connection:
                _insert(connection, rows[first : first + RUNS_PER_TRANSACTION], rows[0]["id"], series)
        store_sweep(database, "everything", {}, [(config, default_name(config)) for config in configs])


def _insert(connection: Connection, rows: Sequence[dict[str, Any]], source: str, series: Sequence[tuple]) -> None:
    """Runs with their summaries and metrics; SQLite itself copies the metrics, from the run `source`."""
    connection.execute(insert(runs), rows)
    connection.execute(insert(summaries), [_summary(row["id"]) for row in rows])
    columns = ["run_id", "name", "step", "value"]
    for run_id in [row["id"] for row in rows]:
        if run_id == source:
            points = [{"run_id": run_id, "step": s, "name": n, "value": 1 / (1 + s)} for s, n in series]
            connection.execute(insert(metrics), points)
        else:
            copied = select(literal(run_id), metrics.c.name, metrics.c.step, metrics.c.value)
            connection.execute(insert(metrics).from_select(columns, copied.where(metrics.c.run_id == source)))


def _configs() -> Iterator[RunConfig]:
    """Endlessly many configurations, no two alike: families of ten seeds, then the same families with ten more."""
    for first_seed in count(0, SEEDS):
        choices = product(("linear", "softmax"), range(1, 6), (False, True), (5, 10, 15, 20, 25), range(10, 110, 10))
        for (attention, layers, recurrent, inputs, length), seed in product(choices, range(SEEDS)):
            chosen = {"model.attention": (attention,), "model.layers": layers, "model.recurrent": recurrent}
            task = {"task.input_size": inputs, "task.context_length": length}
            yield resolve("paper-code", {**chosen, **task, "seed": first_seed + seed}).config


def _run(index: int, config: RunConfig, origin: str) -> dict[str, Any]:
    started = FIRST_START + timedelta(minutes=10 * index)
    status = RunStatus.DIVERGED if index % 50 == 49 else RunStatus.FINISHED
    return {
        "id": config.identity,
        "family": config.family,
        "name": default_name(config),
        "config": config.to_json(),
        "status": status.value,
        "step": config.training.steps,
        "attempt": 1,
        "created_at": started,
        "started_at": started,
        "finished_at": started + timedelta(minutes=8),
        "training_seconds": 480.0,
        "provenance": origin,
    }


def _summary(run_id: str) -> dict[str, Any]:
    return {"run_id": run_id, "name": "held_out_loss", "value": 0.25, "standard_error": 0.003}
