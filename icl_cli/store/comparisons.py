"""What was measured of trained models against baselines: single measures and curves."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from icl_cli.store.database import Database
from icl_cli.store.nonfinite import decode, decode_required, encode
from icl_cli.store.records import Comparison, CurvePoint
from icl_cli.store.schema import comparisons, curves
from icl_cli.store.upsert import upsert


def store_comparisons(database: Database, measured: Sequence[Comparison], points: Sequence[CurvePoint] = ()) -> None:
    """Store both, all or nothing; what was stored for the same key is replaced.

    Raises `StoreError` if a run or baseline is not stored, or if an `x` is NaN.
    """
    with database.write() as connection:
        upsert(connection, comparisons, [{**_row(one), "tasks": int(one.tasks)} for one in measured])
        upsert(connection, curves, [{**_row(point), "x": _place(point)} for point in points])


def list_comparisons(database: Database, run_ids: Collection[str] | None = None) -> list[Comparison]:
    """Every stored comparison of these runs (None: of all), by run, step, baseline and measure."""
    key = (comparisons.c.run_id, comparisons.c.step, comparisons.c.baseline_id, comparisons.c.measure)
    query = select(comparisons).order_by(*key)
    if run_ids is not None:
        query = query.where(comparisons.c.run_id.in_(run_ids))
    with database.read() as connection:
        return [_comparison_of(row) for row in connection.execute(query).mappings()]


def list_curves(
    database: Database, run_ids: Collection[str] | None = None, kind: str | None = None
) -> list[CurvePoint]:
    """Every stored point of these runs (None: of all) and this kind (None: any), by run, step, kind, learner, x."""
    key = (curves.c.run_id, curves.c.step, curves.c.kind, curves.c.learner, curves.c.x)
    query = select(curves).order_by(*key)
    if run_ids is not None:
        query = query.where(curves.c.run_id.in_(run_ids))
    if kind is not None:
        query = query.where(curves.c.kind == kind)
    with database.read() as connection:
        return [_point_of(row) for row in connection.execute(query).mappings()]


def _row(record: Comparison | CurvePoint) -> dict[str, Any]:
    numbers = encode("value", record.value) | encode("standard_error", record.standard_error)
    return asdict(record) | {"step": int(record.step)} | numbers


def _place(point: CurvePoint) -> float | None:
    """Its `x`; None, which the column refuses, for NaN, which PostgreSQL would take for a number."""
    return None if math.isnan(point.x) else float(point.x)


def _comparison_of(row: Mapping[Any, Any]) -> Comparison:
    return Comparison(
        run_id=row["run_id"],
        step=row["step"],
        baseline_id=row["baseline_id"],
        measure=row["measure"],
        value=decode_required(row, "value"),
        standard_error=decode(row, "standard_error"),
        tasks=row["tasks"],
    )


def _point_of(row: Mapping[Any, Any]) -> CurvePoint:
    return CurvePoint(
        run_id=row["run_id"],
        step=row["step"],
        kind=row["kind"],
        learner=row["learner"],
        x=row["x"],
        value=decode_required(row, "value"),
        standard_error=decode(row, "standard_error"),
    )
