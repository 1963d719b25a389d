"""The database as pandas frames, one row a record; the only place of the store that knows pandas.

Missing numbers are NaN, and so are numbers that were NaN when measured.
"""

from collections.abc import Collection
from dataclasses import fields
from typing import Any

import pandas
from sqlalchemy import Select, select

from icl_cli.conventions import flat
from icl_cli.store.annotations import list_tags
from icl_cli.store.database import Database
from icl_cli.store.nonfinite import NONFINITE_SUFFIX
from icl_cli.store.other_runs import present_learners, present_names
from icl_cli.store.records import Run
from icl_cli.store.runs import list_runs
from icl_cli.store.schema import baselines, comparisons, curves, metrics

_PLAIN_FIELDS = [field.name for field in fields(Run) if field.name not in ("config", "provenance")]
_MOMENTS = ("lease_expires_at", "created_at", "started_at", "finished_at")


def runs_frame(database: Database) -> pandas.DataFrame:
    """All runs, newest first: their own columns, tags, then the configuration as "seed", "model.layers", ..."""
    tags = list_tags(database)
    rows = [
        {name: getattr(run, name) for name in _PLAIN_FIELDS}
        | {"tags": tags.get(run.id, [])}
        | flat(run.config.model_dump(mode="json"))
        for run in list_runs(database)
    ]
    frame = pandas.DataFrame(rows, columns=list(rows[0]) if rows else [*_PLAIN_FIELDS, "tags"])
    # A nullable integer, because one run that did not diverge would turn the steps of the others into floats.
    kinds = {"diverged_step": "Int64", "status": "str"} | dict.fromkeys(_MOMENTS, "datetime64[us, UTC]")
    return frame.astype(kinds)


def metrics_frame(database: Database, run_ids: Collection[str]) -> pandas.DataFrame:
    """The time series of these runs: run_id, name, step, value; by run, name and step."""
    key = (metrics.c.run_id, metrics.c.name, metrics.c.step)
    query = select(metrics).where(metrics.c.run_id.in_(run_ids)).order_by(*key)
    return _frame(database, query)


def comparisons_frame(database: Database, run_ids: Collection[str] | None = None) -> pandas.DataFrame:
    """The comparisons of these runs (None: of all) with the column "baseline", the baseline's name."""
    query = select(comparisons, baselines.c.name.label("baseline")).join_from(comparisons, baselines)
    query = query.order_by(comparisons.c.run_id, comparisons.c.step, baselines.c.name, comparisons.c.measure)
    frame = _frame(database, query if run_ids is None else query.where(comparisons.c.run_id.in_(run_ids)))
    with database.read() as connection:
        present = present_names(connection)
    pairs = zip(frame["baseline_id"], frame["baseline"], strict=True)
    return frame.assign(baseline=[present.get(identity, name) for identity, name in pairs]) if present else frame


def curves_frame(database: Database, run_ids: Collection[str] | None = None) -> pandas.DataFrame:
    """The curves of these runs (None: of all): run_id, step, kind, learner, x, value, standard_error."""
    query = select(curves).order_by(curves.c.run_id, curves.c.step, curves.c.kind, curves.c.learner, curves.c.x)
    frame = _frame(database, query if run_ids is None else query.where(curves.c.run_id.in_(run_ids)))
    with database.read() as connection:
        present = present_learners(connection, run_ids)
    pairs = zip(frame["run_id"], frame["learner"], strict=True)
    return frame.assign(learner=[present.get(pair, pair[1]) for pair in pairs]) if present else frame


def _frame(database: Database, query: Select[Any]) -> pandas.DataFrame:
    """The rows of a query, with each number and its mark joined into one column."""
    with database.read() as connection:
        result = connection.execute(query)
        frame = pandas.DataFrame(result.all(), columns=list(result.keys()))
    for mark in [column for column in frame if str(column).endswith(NONFINITE_SUFFIX)]:
        number = str(mark).removesuffix(NONFINITE_SUFFIX)
        frame[number] = frame[number].astype(float).fillna(frame[mark].astype(float))
    return frame.drop(columns=[column for column in frame if str(column).endswith(NONFINITE_SUFFIX)])
