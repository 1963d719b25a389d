"""A smaller copy of a database, to hand on: all runs and comparisons, fewer weights and points over training."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Table, delete, select

from icl_cli.errors import UsageError
from icl_cli.store.backup import back_up
from icl_cli.store.database import Database
from icl_cli.store.records import RunStatus
from icl_cli.store.runs import run_of
from icl_cli.store.schema import checkpoints, comparisons, metrics, runs, snapshots

# The first and the last.
FEWEST_POINTS = 2


def write_thinned_copy(database: Database, path: Path, *, points: int, weights: int, seeds: int | None = None) -> None:
    """Copy `database` to `path` and keep, of every run, at most `points` steps and `weights` snapshots.

    The steps are those of metrics and of comparisons; of runs that differ in the seed alone the first `seeds` are kept.

    First and last are always kept (of one snapshot, the last), the others are spread evenly over those that there are.
    Runs that have not ended, and the states from which they would go on, are left out. Raises `UsageError` for fewer
    than that, or where `path` exists.
    """
    if points < FEWEST_POINTS or weights < 1:
        raise UsageError(
            f"{points} points and {weights} snapshots given; at least {FEWEST_POINTS} points and 1 snapshot are kept."
        )

    def thin(file: Path) -> None:
        with Database.open(file, mode="write") as copy:
            with copy.write() as connection:
                _thin_all(connection, points, weights, seeds)
            copy.compact()

    back_up(database, path, thin)


def _thin_all(connection: Connection, points: int, weights: int, seeds: int | None) -> None:
    connection.execute(delete(checkpoints))
    ended = [status.value for status in RunStatus if status.has_ended]
    connection.execute(delete(runs).where(runs.c.status.not_in(ended)))
    connection.execute(delete(runs).where(runs.c.id.in_(_later_seeds(connection, seeds))))
    for table, kept in ((metrics, points), (comparisons, points), (snapshots, weights)):
        for run_id in list(connection.execute(select(table.c.run_id).distinct()).scalars()):
            _thin(connection, table, run_id, kept)


def _later_seeds(connection: Connection, seeds: int | None) -> list[str]:
    """The ids of the runs that come after the first `seeds` of their family; none if `seeds` is None."""
    found = sorted((run_of(row) for row in connection.execute(select(runs)).mappings()), key=lambda run: run.seed)
    families: dict[str, list[str]] = {}
    for run in found:
        families.setdefault(run.family, []).append(run.id)
    return [] if seeds is None else [run_id for members in families.values() for run_id in members[seeds:]]


def spread(steps: Sequence[int], kept: int) -> list[int]:
    """At most `kept` of `steps`, evenly by their place, the first and the last among them; of one, the last."""
    if len(steps) <= kept:
        return list(steps)
    if kept == 1:
        return [steps[-1]]
    return [steps[round(index * (len(steps) - 1) / (kept - 1))] for index in range(kept)]


def _thin(connection: Connection, table: Table, run_id: str, kept: int) -> None:
    of_run = table.c.run_id == run_id
    query = select(table.c.step).distinct().where(of_run).order_by(table.c.step)
    chosen = spread(list(connection.execute(query).scalars()), kept)
    connection.execute(delete(table).where(of_run, table.c.step.not_in(chosen)))
