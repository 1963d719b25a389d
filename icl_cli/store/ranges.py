"""Which numbers no database holds that this program wrote: conditions on rows, the same for every kind of database."""

import math
from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, Connection, Table, and_, func, not_, or_, select

from icl_cli.store.nonfinite import NONFINITE_SUFFIX
from icl_cli.store.problem import Problem
from icl_cli.store.records import SHORT_ID_DIGITS, Run
from icl_cli.store.schema import baselines, checkpoints, comparisons, curves, metrics, runs, snapshots, summaries

# Every table whose rows belong to a step of a run.
_WITH_STEPS = (metrics, snapshots, checkpoints, comparisons, curves)


def odd_rows(connection: Connection) -> Iterator[Problem]:
    """A row for every condition and every run, or baseline, that breaks it."""
    for table, condition, wrong in _conditions():
        owner = table.c.run_id if "run_id" in table.c else table.c.id
        for identity in connection.execute(select(owner).where(condition).distinct().order_by(owner)).scalars():
            text = f"{_owner(table)} {identity[:SHORT_ID_DIGITS]}: a row of {table.name} has {wrong}."
            yield Problem(table.name, identity, text)


def odd_steps(connection: Connection, known: Mapping[str, Run]) -> Iterator[Problem]:
    """A row for every table and every run of `known`, by id, that has a step which is none of its training."""
    for table in _WITH_STEPS:
        query = select(table.c.run_id, func.min(table.c.step), func.max(table.c.step)).group_by(table.c.run_id)
        for identity, least, most in connection.execute(query):
            if identity in known:
                yield from _beyond(table, known[identity], least, most)
    for run in known.values():
        reached = [run.step] if run.diverged_step is None else [run.step, run.diverged_step]
        yield from _beyond(runs, run, min(reached), max(reached))


def _beyond(table: Table, run: Run, least: int, most: int) -> Iterator[Problem]:
    allowed = run.config.training.steps
    if least < 0 or most > allowed:
        wrong = least if least < 0 else most
        text = f"Run {run.short_id}: a row of {table.name} is of step {wrong}; its training has steps 0 to {allowed}."
        yield Problem(table.name, run.id, text)


def _conditions() -> Iterator[tuple[Table, ColumnElement[bool], str]]:
    """Tables, what is true of a row that is wrong, and how that is said."""
    for table in (summaries, baselines, comparisons, curves):
        mark = table.c[f"standard_error{NONFINITE_SUFFIX}"]
        yield table, or_(table.c.standard_error < 0, mark == str(-math.inf)), "a negative standard error"
    # Of comparisons and curves NaN says that the error of a median or of a share is not known.
    for table, number in ((summaries, "value"), (baselines, "loss")):
        is_nan = table.c[f"standard_error{NONFINITE_SUFFIX}"] == str(math.nan)
        yield table, and_(is_nan, table.c[number].is_not(None)), f"a {number} whose standard error is NaN"
    yield curves, _not_finite(curves.c.x), "an x that is not finite"
    seconds = runs.c.training_seconds
    yield runs, or_(seconds < 0, _not_finite(seconds)), "a training_seconds that is not allowed"
    yield comparisons, comparisons.c.tasks < 1, "fewer than 1 task"


def _not_finite(number: ColumnElement[float]) -> ColumnElement[bool]:
    return not_(and_(number > -math.inf, number < math.inf))


def _owner(table: Table) -> str:
    return "Baseline" if table is baselines else "Run"
