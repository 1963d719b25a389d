"""The values of fields, of every run or of some, from wherever the database has them."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, or_, select

from icl_cli.config import ADDED_LATER
from icl_cli.store.baselines import IS_IMPORTED
from icl_cli.store.batches import MOST_AT_ONCE
from icl_cli.store.conditions import checked_value
from icl_cli.store.fields import Field, Origin
from icl_cli.store.nonfinite import decode
from icl_cli.store.other_runs import IS_OF_OTHER_RUN, present_names
from icl_cli.store.schema import baselines, comparisons, run_tags, runs, summaries
from icl_cli.store.wording import unreadable


def read_values(
    connection: Connection, fields: Iterable[Field], ids: Collection[str] | None = None
) -> Mapping[Field, Mapping[str, Any]]:
    """By field and run (None: every run) the value, None or an empty tuple where there is none."""
    by_origin: dict[Origin, list[Field]] = {}
    for each in dict.fromkeys(fields):
        by_origin.setdefault(each.origin, []).append(each)
    found: dict[Field, Mapping[str, Any]] = {}
    for origin, members in by_origin.items():
        found |= _READERS[origin](connection, members, ids)
    return {each: _Checked(each, values) for each, values in found.items()}


class _Checked(dict[str, Any]):
    """Values by run, each of the field's kind."""

    def __init__(self, of: Field, values: Mapping[str, Any]) -> None:
        super().__init__({run_id: checked_value(of, value, run_id) for run_id, value in values.items()})
        self._absent = () if of.several else None

    def __missing__(self, run_id: str) -> Any:
        return self._absent


def _of(query: Select[*tuple[Any, ...]], run_id: Column[Any], ids: Collection[str] | None) -> Select[*tuple[Any, ...]]:
    # More ids are not named one by one: the whole table is read.
    return query if ids is None or len(ids) > MOST_AT_ONCE else query.where(run_id.in_(ids))


def _columns(connection: Connection, fields: Sequence[Field], ids: Collection[str] | None) -> dict[Field, Any]:
    query = _of(select(runs.c.id, *(runs.c[each.name].label(f"value_{each.name}") for each in fields)), runs.c.id, ids)
    rows = connection.execute(query).all()
    return {each: {row[0]: row[place] for row in rows} for place, each in enumerate(fields, start=1)}


def _settings(connection: Connection, fields: Sequence[Field], ids: Collection[str] | None) -> dict[Field, Any]:
    found: dict[Field, dict[str, Any]] = {each: {} for each in fields}
    for row in connection.execute(_of(select(runs.c.id, runs.c.config), runs.c.id, ids)):
        run_id, content = row.id, _content(row.id, row.config)
        for each in fields:
            value = _at(content, each.name)
            found[each][run_id] = tuple(value) if isinstance(value, list) else value
    return found


def _content(run_id: str, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
        return {**content, **{group: added | content[group] for group, added in ADDED_LATER.items()}}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise unreadable(run_id, "its configuration is none") from error


def _at(content: Mapping[str, Any], path: str) -> Any:
    value: Any = content
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _losses(connection: Connection, fields: Sequence[Field], ids: Collection[str] | None) -> dict[Field, Any]:
    query = select(summaries.c.run_id, summaries.c.name, summaries.c.value, summaries.c.value_nonfinite)
    query = _of(query.where(summaries.c.name.in_([each.name for each in fields])), summaries.c.run_id, ids)
    rows = connection.execute(query).mappings().all()
    return {each: {row["run_id"]: decode(row, "value") for row in rows if row["name"] == each.name} for each in fields}


def _tags(connection: Connection, fields: Sequence[Field], ids: Collection[str] | None) -> dict[Field, Any]:
    tags: dict[str, tuple[str, ...]] = {}
    query = _of(select(run_tags.c.run_id, run_tags.c.tag), run_tags.c.run_id, ids)
    for row in connection.execute(query.order_by(run_tags.c.tag)):
        tags[row.run_id] = (*tags.get(row.run_id, ()), row.tag)
    return dict.fromkeys(fields, tags)


def _ratios(connection: Connection, fields: Sequence[Field], ids: Collection[str] | None) -> dict[Field, Any]:
    return {each: _ratios_to(connection, each.name, ids) for each in fields}


def _ratios_to(connection: Connection, baseline: str, ids: Collection[str] | None) -> dict[str, float | None]:
    """The model's loss over the baseline's on the same tasks, at the last step compared, as it was tuned last.

    One that was tuned here comes before one that was imported.
    """
    ours, theirs = "model_loss", "baseline_loss"
    query = select(comparisons).join(baselines).where(_is_called(connection, baseline))
    query = _of(query.where(comparisons.c.measure.in_([ours, theirs])), comparisons.c.run_id, ids)
    query = query.order_by(comparisons.c.step, IS_IMPORTED.desc(), baselines.c.created_at, baselines.c.id)
    last: dict[str, dict[str, float | None]] = {}
    place: dict[str, tuple[int, str]] = {}
    for row in connection.execute(query).mappings():
        run_id, at = row["run_id"], (row["step"], row["baseline_id"])
        if place.get(run_id) != at:
            place[run_id], last[run_id] = at, {}
        last[run_id][row["measure"]] = decode(row, "value")
    return {run_id: _quotient(found.get(ours), found.get(theirs)) for run_id, found in last.items()}


def _is_called(connection: Connection, baseline: str) -> ColumnElement[bool]:
    """Whether a record among the baselines goes by this name; those of other runs do by that run's present one."""
    present = present_names(connection)
    called = [record for record, name in present.items() if name == baseline]
    return or_(baselines.c.id.in_(called), and_(baselines.c.name == baseline, ~IS_OF_OTHER_RUN))


def _quotient(above: float | None, below: float | None) -> float | None:
    return None if above is None or not below else above / below


_READERS: Mapping[Origin, Callable[[Connection, Sequence[Field], Collection[str] | None], dict[Field, Any]]] = {
    Origin.RUN: _columns,
    Origin.CONFIGURATION: _settings,
    Origin.LOSS: _losses,
    Origin.TAGS: _tags,
    Origin.RATIO: _ratios,
}
