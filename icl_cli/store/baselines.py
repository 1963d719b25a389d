"""Tuned baselines, kept so that the same tuning is never done twice."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from icl_cli.config import canonical_json
from icl_cli.errors import NothingMatchedError, StoreError
from icl_cli.store.database import Database
from icl_cli.store.nonfinite import decode_required, encode
from icl_cli.store.records import SHORT_ID_DIGITS, TunedBaseline
from icl_cli.store.schema import baselines
from icl_cli.store.upsert import upsert


def baseline_identity(name: str, depends_on: Mapping[str, Any]) -> str:
    """SHA-256 (64 hexadecimal digits) of the canonical JSON of both: the baseline's id.

    `depends_on` holds JSON content; ValueError for NaN in it, TypeError for anything that JSON does not know.
    """
    return hashlib.sha256(canonical_json({"name": name, "depends_on": dict(depends_on)}).encode()).hexdigest()


def find_baseline(database: Database, name: str, depends_on: Mapping[str, Any]) -> TunedBaseline | None:
    """The stored tuning of baseline `name` for `depends_on`, or None."""
    return _find(database, baseline_identity(name, depends_on))


def get_baseline(database: Database, baseline_id: str) -> TunedBaseline:
    """The baseline with this whole id. Raises `NothingMatchedError` if there is none."""
    baseline = _find(database, baseline_id)
    if baseline is None:
        raise NothingMatchedError(
            f"No baseline {baseline_id} in {database.path}. Run `icl compare` to tune and store it."
        )
    return baseline


def store_baseline(database: Database, baseline: TunedBaseline) -> None:
    """Store a tuned baseline, in place of one with the same id.

    Raises ValueError if its id is not that of its name and `depends_on`, or if a parameter is not finite.
    """
    if baseline.id != baseline_identity(baseline.name, baseline.depends_on):
        raise ValueError(f"{baseline.id} is not the id of baseline {baseline.name!r}; use baseline_identity")
    row = {
        "id": baseline.id,
        "name": baseline.name,
        "depends_on": canonical_json(dict(baseline.depends_on)),
        "parameters": canonical_json(
            {name: [float(number) for number in values] for name, values in baseline.parameters.items()}
        ),
        **encode("loss", baseline.loss),
        **encode("standard_error", baseline.standard_error),
        "created_at": baseline.created_at,
    }
    with database.write() as connection:
        upsert(connection, baselines, [row])


def _find(database: Database, baseline_id: str) -> TunedBaseline | None:
    with database.read() as connection:
        row = connection.execute(select(baselines).where(baselines.c.id == baseline_id)).mappings().one_or_none()
    return None if row is None else baseline_of(row)


def baseline_of(row: Mapping[Any, Any]) -> TunedBaseline:
    """The record of a row of `baselines`. Raises `StoreError` if its content does not have its id."""
    try:
        depends_on, parameters = json.loads(row["depends_on"]), json.loads(row["parameters"])
        altered = baseline_identity(row["name"], depends_on) != row["id"]
    except (ValueError, TypeError):
        altered, depends_on, parameters = True, {}, {}
    if altered:
        raise StoreError(
            f"Baseline {row['id'][:SHORT_ID_DIGITS]} ({row['name']}) was altered. Restore a copy of the database."
        )
    return TunedBaseline(
        id=row["id"],
        name=row["name"],
        depends_on=depends_on,
        parameters=parameters,
        loss=decode_required(row, "loss"),
        standard_error=decode_required(row, "standard_error"),
        created_at=row["created_at"],
    )
