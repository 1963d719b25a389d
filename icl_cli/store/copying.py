"""Runs with everything of theirs, from one database into another of any kind.

Ids say what a thing is, so that what the target has already is left as it is, and copying twice changes nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, insert, or_, select

from icl_cli.store.baselines import copied_record
from icl_cli.store.batches import batches
from icl_cli.store.database import Database
from icl_cli.store.leases import seems_lost, utc_now
from icl_cli.store.ownership import current_owner
from icl_cli.store.records import RunStatus
from icl_cli.store.runs import run_of
from icl_cli.store.schema import (
    baselines,
    checkpoints,
    comparisons,
    curves,
    metrics,
    run_tags,
    runs,
    snapshots,
    summaries,
    sweep_runs,
    sweeps,
)
from icl_cli.store.upsert import insert_missing

# How many rows are in memory at a time: of weights few, which may be large.
_BATCHES = {
    run_tags: 1000,
    metrics: 5000,
    summaries: 1000,
    snapshots: 4,
    checkpoints: 1,
    comparisons: 2000,
    curves: 2000,
}


@dataclass(frozen=True, slots=True)
class Copied:
    """How many runs were copied, how many the target had already, and the ids of those that are being trained."""

    copied: int
    present: int
    in_training: tuple[str, ...]


def copy_runs(
    source: Database, target: Database, run_ids: Collection[str] | None = None, *, foreign: bool = False
) -> Copied:
    """Copy these runs (None: all), each whole or not at all, with their tags, baselines, sweeps and places in
    them. Nothing is written if the target has all of them.

    Runs that a process is training are left out: the copy could be trained too, and two runs would have one id. Of a
    `foreign` source the baselines stay beside its runs: what the target tunes and measures itself never uses them.
    """
    with source.read() as reader:
        found = _chosen(reader, run_ids)
        training = _in_training(reader)
        busy = tuple(run_id for run_id in found if run_id in training)
        ids = [run_id for run_id in found if run_id not in training]
        new = [run_id for run_id in ids if _copy_run(source, reader, target, run_id, foreign=foreign)]
        if new:
            _copy_places(source, reader, target, new, ids)
        if new and run_ids is None and not foreign:
            _copy_unused(source, reader, target)
    return Copied(len(new), len(ids) - len(new), busy)


def copy_everything(source: Database, target: Database) -> None:
    """Copy all that there is at one moment, runs that are being trained too."""
    with source.read() as reader:
        _copy_unused(source, reader, target)
        ids = _chosen(reader, None)
        for run_id in ids:
            _copy_run(source, reader, target, run_id)
        _copy_places(source, reader, target, ids, ids)


def _chosen(reader: Connection, run_ids: Collection[str] | None) -> list[str]:
    found = reader.execute(select(runs.c.id).order_by(runs.c.created_at, runs.c.id)).scalars()
    return [run_id for run_id in found if run_ids is None or run_id in run_ids]


def _in_training(reader: Connection) -> set[str]:
    """The ids of runs whose owner may be alive."""
    running = reader.execute(select(runs).where(runs.c.status == RunStatus.RUNNING.value)).mappings()
    found = [run_of(row) for row in running]
    return {run.id for run in found if not seems_lost(run, current_owner(), utc_now())}


def _copy_unused(source: Database, reader: Connection, target: Database) -> None:
    """Copy also the tunings and sweeps that no run needs."""
    with target.write() as writer:
        for table in (baselines, sweeps):
            insert_missing(writer, table, _rows(source, reader, _all(table)))


def _copy_run(source: Database, reader: Connection, target: Database, run_id: str, *, foreign: bool = False) -> bool:
    """Copy a run with all that is its own. Whether the target did not have it; if it had, nothing is written."""
    with target.write() as writer:
        run = _rows(source, reader, _all(runs).where(runs.c.id == run_id))
        if not insert_missing(writer, runs, run):
            return False
        called = _copy_baselines(source, reader, writer, run_id, foreign=foreign)
        for table, size in _BATCHES.items():
            for rows in _batches(source, reader, _all(table).where(table.c.run_id == run_id), size):
                writer.execute(insert(table), [_with_baseline(row, called) for row in rows])
    return True


def _copy_baselines(
    source: Database, reader: Connection, writer: Connection, run_id: str, *, foreign: bool
) -> dict[str, str]:
    """Copy what the run was compared with; the id that each of these records has in the target."""
    called = {}
    for row in _rows(source, reader, _baselines_of(run_id)):
        record = copied_record(writer, row, foreign=foreign)
        insert_missing(writer, baselines, [record])
        called[row["id"]] = record["id"]
    return called


def _with_baseline(row: dict[str, Any], called: Mapping[str, str]) -> dict[str, Any]:
    """The row of a run, which refers to a baseline as the target calls it."""
    references = {name: called[row[name]] for name in ("baseline_id", "learner") if row.get(name) in called}
    return row | references


def _copy_places(source: Database, reader: Connection, target: Database, new: list[str], ids: list[str]) -> None:
    """Copy the sweeps of `new` runs, and the places of all these runs in them."""
    for some in batches(new):
        chosen = select(sweep_runs.c.sweep_id).where(sweep_runs.c.run_id.in_(some))
        places = _rows(source, reader, _all(sweep_runs).where(sweep_runs.c.sweep_id.in_(chosen)))
        wanted = set(ids)
        with target.write() as writer:
            insert_missing(writer, sweeps, _rows(source, reader, _all(sweeps).where(sweeps.c.id.in_(chosen))))
            insert_missing(writer, sweep_runs, [place for place in places if place["run_id"] in wanted])


def _all(table: Table) -> Select[Any]:
    """Every row, in an order that depends on nothing else: equal runs make equal files."""
    return select(table).order_by(*table.primary_key)


def _baselines_of(run_id: str) -> Select[Any]:
    """Those that comparisons or curves of the run refer to."""
    compared = select(comparisons.c.baseline_id).where(comparisons.c.run_id == run_id)
    drawn = select(curves.c.learner).where(curves.c.run_id == run_id)
    return _all(baselines).where(or_(baselines.c.id.in_(compared), baselines.c.id.in_(drawn)))


def _rows(source: Database, reader: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [row for rows in _batches(source, reader, query, 1000) for row in rows]


def _batches(source: Database, reader: Connection, query: Select[Any], size: int) -> Iterator[list[dict[str, Any]]]:
    # Translated here too, because what goes wrong with the source must not be told of the target.
    with source.translated():
        result = reader.execute(query, execution_options={"yield_per": size}).mappings()
        for rows in result.partitions():
            yield [dict(row) for row in rows]
