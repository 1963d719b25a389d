"""Runs chosen by conditions, sorted, with the values of chosen fields: what lists, exports and deletions start from.

Conditions are looked at here, not in SQL: a configuration is stored as text, of which SQLite and PostgreSQL understand
different parts. Only what is asked for is read, and never the time series.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from icl_cli.store.conditions import parse_condition
from icl_cli.store.database import Database
from icl_cli.store.field_values import read_values
from icl_cli.store.fields import Field, find_field
from icl_cli.store.other_runs import present_names
from icl_cli.store.schema import baselines, runs


@dataclass(frozen=True)
class Choice:
    """Which runs: those of which every condition of `where` holds.

    `sort` names a field, with a hyphen before it for the largest first (None: newest first), `columns` are the fields
    whose values are wanted, and `limit` is how many runs at most.
    """

    where: Sequence[str] = ()
    sort: str | None = None
    columns: Sequence[str] = ()
    limit: int | None = None


@dataclass(frozen=True)
class Chosen:
    """What a choice found: run ids in their order with the values of the columns, and how many runs there were.

    `matching` counts those that met the conditions, `total` all in the database.
    """

    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    matching: int = 0
    total: int = 0


def choose_runs(database: Database, choice: Choice) -> Chosen:
    """The runs of `choice`. Raises `UsageError` for a condition or a field that is none."""
    with database.read() as connection:
        compared = _compared_with(connection)
        conditions = [parse_condition(text, lambda name: find_field(name, compared)) for text in choice.where]
        descending, by = _order(choice.sort, compared)
        columns = {name: find_field(name, compared) for name in choice.columns}
        asked = [condition.field for condition in conditions] + ([by] if by else [])
        # Sorting keeps this order where values are equal.
        ids = list(connection.execute(select(runs.c.id).order_by(runs.c.created_at.desc(), runs.c.id)).scalars())
        known = read_values(connection, asked)
        met = [each for each in ids if all(one.holds(known[one.field][each]) for one in conditions)]
        if by:
            met = _sorted(met, known[by], descending)
        shown = met[: choice.limit]
        wanted = read_values(connection, columns.values(), shown)
    values = {each: {name: wanted[column][each] for name, column in columns.items()} for each in shown}
    return Chosen(values, len(met), len(ids))


def _compared_with(connection: Connection) -> list[str]:
    """What runs were compared with, by the names that are told."""
    present = present_names(connection)
    records = connection.execute(select(baselines.c.id, baselines.c.name)).all()
    return sorted({present.get(record.id, record.name) for record in records})


def _order(sort: str | None, compared: Sequence[str]) -> tuple[bool, Field | None]:
    if sort is None:
        return False, None
    return sort.startswith("-"), find_field(sort.removeprefix("-"), compared)


def _sorted(ids: Iterable[str], values: Mapping[str, Any], descending: bool) -> list[str]:
    """Runs without the value come last, either way."""
    there, absent = [], []
    for each in ids:
        value = values[each]
        is_absent = value in (None, ()) or (isinstance(value, float) and math.isnan(value))
        (absent if is_absent else there).append(each)
    return [*sorted(there, key=lambda each: values[each], reverse=descending), *absent]
