"""The numbers of a run: its time series, and the summaries that describe it as a whole."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from icl_cli.store.database import Database
from icl_cli.store.nonfinite import decode, decode_required, encode
from icl_cli.store.records import Metric, Summary
from icl_cli.store.schema import metrics, summaries
from icl_cli.store.upsert import upsert


def get_metrics(database: Database, run_id: str, names: Iterable[str] | None = None) -> list[Metric]:
    """The run's time series by name and step; only those of `names` if given. Empty if nothing was recorded."""
    query = select(metrics).where(metrics.c.run_id == run_id).order_by(metrics.c.name, metrics.c.step)
    if names is not None:
        query = query.where(metrics.c.name.in_(list(names)))
    with database.read() as connection:
        rows = connection.execute(query).mappings()
        return [Metric(row["step"], row["name"], decode_required(row, "value")) for row in rows]


def get_summaries(database: Database, run_id: str) -> list[Summary]:
    """What describes the whole run, by name. Empty unless it ended."""
    query = select(summaries).where(summaries.c.run_id == run_id).order_by(summaries.c.name)
    with database.read() as connection:
        rows = connection.execute(query).mappings()
        return [Summary(row["name"], decode_required(row, "value"), decode(row, "standard_error")) for row in rows]


def summaries_named(database: Database, name: str) -> dict[str, Summary]:
    """Of every run that has it the summary of this name, by the run's id."""
    query = select(summaries).where(summaries.c.name == name)
    with database.read() as connection:
        rows = connection.execute(query).mappings()
        return {
            row["run_id"]: Summary(row["name"], decode_required(row, "value"), decode(row, "standard_error"))
            for row in rows
        }


def store_summaries(database: Database, run_id: str, recorded: Sequence[Summary]) -> None:
    """Store summaries of a run that has ended; the same name replaces the old value."""
    with database.write() as connection:
        write_summaries(connection, run_id, recorded)


def write_metrics(connection: Connection, run_id: str, recorded: Sequence[Metric]) -> None:
    """Store points of time series as a part of a transaction; the same name and step replace the old value."""
    rows = [
        {"run_id": run_id, "name": metric.name, "step": int(metric.step), **encode("value", metric.value)}
        for metric in recorded
    ]
    upsert(connection, metrics, rows)


def write_summaries(connection: Connection, run_id: str, recorded: Sequence[Summary]) -> None:
    """Store summaries as a part of a transaction; the same name replaces the old value."""
    rows = [
        {
            "run_id": run_id,
            "name": summary.name,
            **encode("value", summary.value),
            **encode("standard_error", summary.standard_error),
        }
        for summary in recorded
    ]
    upsert(connection, summaries, rows)
