"""Tuned baselines, kept so that the same tuning is never done twice.

The id of a tuning says what it is for and not what was found, so that only what was tuned here may stand under it. One
that came with the runs of somebody else has an id of its own, which covers its parameters too: it stays beside the
comparisons that were made with it, and nothing of ours is ever measured with it.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, select, update

from icl_cli.config import canonical_json
from icl_cli.errors import NothingMatchedError, StoreError
from icl_cli.store.database import Database
from icl_cli.store.nonfinite import decode_required, encode
from icl_cli.store.records import SHORT_ID_DIGITS, TunedBaseline
from icl_cli.store.schema import baselines, comparisons, curves
from icl_cli.store.upsert import upsert

# What a record that stands for another run depends on.
OTHER_RUN = "run"
# What a record that was tuned elsewhere depends on beside its problem, and its row by how the canonical JSON begins.
IMPORTED = "imported_parameters"
IS_IMPORTED = baselines.c.depends_on.startswith(f'{{"{IMPORTED}":', autoescape=True)
# Two tunings are the same where their parameters differ by float32's rounding alone.
SAME = 1e-6


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

    Comparisons with an imported one that turns out equal become comparisons with it.

    Raises ValueError if its id is not that of its name and `depends_on`, or if a parameter is not finite.
    """
    if baseline.id != baseline_identity(baseline.name, baseline.depends_on):
        raise ValueError(f"{baseline.id} is not the id of baseline {baseline.name!r}; use baseline_identity")
    with database.write() as connection:
        upsert(connection, baselines, [_row(baseline)])
        _take_over_equal(connection, baseline)


def is_imported(baseline: TunedBaseline) -> bool:
    """Whether it was tuned elsewhere, and came with the runs of an archive."""
    return IMPORTED in baseline.depends_on


def as_imported(baseline: TunedBaseline) -> TunedBaseline:
    """The same record under the id that a tuning from elsewhere has, which its parameters decide too."""
    depends_on = {**baseline.depends_on, IMPORTED: dict(baseline.parameters)}
    return replace(baseline, id=baseline_identity(baseline.name, depends_on), depends_on=depends_on)


def copied_record(connection: Connection, row: Mapping[Any, Any], *, foreign: bool) -> dict[Any, Any]:
    """The row of `baselines` as which one of another database is to be stored: under its own id, or as an imported one.

    Its own id it keeps if what stands there is equal, or if nothing does and it is not `foreign`. So do records whose
    id covers all that they hold: imported ones, and those of other runs, which are measured from that run alone.
    """
    baseline = baseline_of(row)
    there = connection.execute(select(baselines).where(baselines.c.id == baseline.id)).mappings().one_or_none()
    is_complete = is_imported(baseline) or OTHER_RUN in baseline.depends_on
    is_ours = not foreign if there is None else _are_equal(baseline_of(there).parameters, baseline.parameters)
    return dict(row) if is_complete or is_ours else _row(as_imported(baseline))


def delete_unused_imports(connection: Connection) -> None:
    """Delete what was tuned elsewhere and nothing is compared with any more, as a part of a transaction."""
    used = select(comparisons.c.baseline_id)
    connection.execute(delete(baselines).where(IS_IMPORTED, baselines.c.id.not_in(used)))


def _take_over_equal(connection: Connection, baseline: TunedBaseline) -> None:
    """Let comparisons with imported records that turned out equal to a new one, tuned here, refer to that one."""
    if is_imported(baseline):
        return
    query = select(baselines).where(IS_IMPORTED, baselines.c.name == baseline.name)
    for other in [baseline_of(row) for row in connection.execute(query).mappings()]:
        problem = {name: value for name, value in other.depends_on.items() if name != IMPORTED}
        if problem == dict(baseline.depends_on) and _are_equal(other.parameters, baseline.parameters):
            ours = select(comparisons.c.run_id).where(comparisons.c.baseline_id == baseline.id)
            theirs = update(comparisons).where(comparisons.c.baseline_id == other.id, comparisons.c.run_id.not_in(ours))
            connection.execute(theirs.values(baseline_id=baseline.id))
            connection.execute(update(curves).where(curves.c.learner == other.id).values(learner=baseline.id))
            delete_unused_imports(connection)


def _are_equal(first: Mapping[str, list[float]], second: Mapping[str, list[float]]) -> bool:
    """Whether two sets of parameters are the same but for roundings."""
    return first.keys() == second.keys() and all(
        len(first[name]) == len(second[name])
        and all(math.isclose(*pair, rel_tol=SAME) for pair in zip(first[name], second[name], strict=True))
        for name in first
    )


def _row(baseline: TunedBaseline) -> dict[Any, Any]:
    parameters = {name: [float(number) for number in values] for name, values in baseline.parameters.items()}
    return {
        "id": baseline.id,
        "name": baseline.name,
        "depends_on": canonical_json(dict(baseline.depends_on)),
        "parameters": canonical_json(parameters),
        **encode("loss", baseline.loss),
        **encode("standard_error", baseline.standard_error),
        "created_at": baseline.created_at,
    }


def _find(database: Database, baseline_id: str) -> TunedBaseline | None:
    with database.read() as connection:
        row = connection.execute(select(baselines).where(baselines.c.id == baseline_id)).mappings().one_or_none()
    return None if row is None else baseline_of(row)


def baseline_of(row: Mapping[Any, Any]) -> TunedBaseline:
    """The record of a row of `baselines`. Raises `StoreError` if its content does not have its id."""
    try:
        depends_on, parameters = json.loads(row["depends_on"]), json.loads(row["parameters"])
        altered = baseline_identity(row["name"], depends_on) != row["id"] or not _are_parameters(parameters)
        altered = altered or depends_on.get(IMPORTED, parameters) != parameters
    except (ValueError, TypeError, RecursionError):
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


def _are_parameters(content: Any) -> bool:
    """Whether JSON content is what parameters are: lists of finite numbers by name."""
    return isinstance(content, dict) and all(
        isinstance(values, list) and all(isinstance(each, float | int) and _is_finite(each) for each in values)
        for values in content.values()
    )


def _is_finite(number: float) -> bool:
    try:
        return not isinstance(number, bool) and math.isfinite(number)
    except OverflowError:
        return False
