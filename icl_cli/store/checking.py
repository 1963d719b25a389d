"""Is everything in a database what it says it is? Every id and hash is derived again from what it stands for."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from icl_cli.errors import IclError, StoreError
from icl_cli.store.baselines import baseline_of
from icl_cli.store.database import Database
from icl_cli.store.records import SHORT_ID_DIGITS, RunStatus
from icl_cli.store.references import hidden_by
from icl_cli.store.runs import list_runs, run_of
from icl_cli.store.schema import METADATA, baselines, checkpoints, runs, snapshots, sweeps
from icl_cli.store.snapshots import check_digest

# Weights may be large, and few of them are in memory at a time.
BATCH = 8


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not what it says: the table that it is in, its id (empty: the whole) and what is wrong."""

    table: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Findings:
    """How many rows each table has, and every problem that was found; tables that cannot be read have no number.

    `notes` are sentences about what is no problem, but may surprise.
    """

    rows: dict[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def check_database(database: Database) -> Findings:
    """Look at every row whose id or hash can be derived again, and ask the database for its own opinion of itself."""
    problems = [Problem("database", "", text) for text in _faults(database)]
    for table, find in _CHECKS.items():
        problems += _found(database, table, find)
    return Findings(_rows(database), tuple(problems), tuple(_notes(database)) if not problems else ())


def _notes(database: Database) -> Iterator[str]:
    found = list_runs(database)
    by_name = {run.name: run for run in found}
    for name, run in sorted(by_name.items()):
        for hidden in hidden_by(name, found):
            yield (
                f"{name} is the name of run {run.short_id}, and also the beginning of the id of {hidden.short_id} "
                f"({hidden.name}): it means the name. Give more digits of the id, or rename."
            )
    running = sum(run.status is RunStatus.RUNNING for run in found)
    if running and not database.had_log:
        are = "run is" if running == 1 else "runs are"
        yield (
            f"{running} {are} marked as running, but no process has {database.path} open. Either it died, or this is a "
            "copy of the file without its log (-wal), which lacks what was committed last: copy with `icl db backup`."
        )


def _faults(database: Database) -> list[str]:
    try:
        return database.faults()
    except StoreError as error:
        return [str(error)]


def _found(database: Database, table: str, find: Callable[[Connection], Iterator[Problem]]) -> list[Problem]:
    problems: list[Problem] = []
    try:
        with database.read() as connection:
            # One by one, so that those before a damaged page are told.
            problems.extend(find(connection))
    except StoreError as error:
        problems.append(Problem(table, "", str(error)))
    return problems


def _rows(database: Database) -> dict[str, int]:
    counts = {}
    for table in METADATA.sorted_tables:
        try:
            with database.read() as connection:
                counts[table.name] = connection.execute(select(func.count()).select_from(table)).scalar_one()
        except StoreError:
            # Told by what could not be read of it.
            continue
    return counts


def _runs(connection: Connection) -> Iterator[Problem]:
    for row in connection.execute(select(runs).order_by(runs.c.id)).mappings():
        yield from _complaint("runs", row["id"], lambda row=row: run_of(row))


def _baselines(connection: Connection) -> Iterator[Problem]:
    for row in connection.execute(select(baselines).order_by(baselines.c.id)).mappings():
        yield from _complaint("baselines", row["id"], lambda row=row: baseline_of(row))


def _sweeps(connection: Connection) -> Iterator[Problem]:
    for row in connection.execute(select(sweeps).order_by(sweeps.c.id)):
        if hashlib.sha256(row.content.encode()).hexdigest() != row.id:
            yield Problem("sweeps", row.id, f"Sweep {row.id[:SHORT_ID_DIGITS]} ({row.name}) was altered.")


def _contents(table: Table, content: str, what: str) -> Callable[[Connection], Iterator[Problem]]:
    def find(connection: Connection) -> Iterator[Problem]:
        query = select(table).order_by(table.c.run_id, table.c.step)
        for row in connection.execute(query, execution_options={"yield_per": BATCH}).mappings():
            facts = (row[content], row["sha256"], what, row["run_id"], row["step"])
            yield from _complaint(table.name, row["run_id"], lambda facts=facts: check_digest(*facts))

    return find


def _complaint(table: str, identity: str, examine: Callable[[], object]) -> Iterator[Problem]:
    try:
        examine()
    except IclError as error:
        yield Problem(table, identity, str(error))


_CHECKS: dict[str, Callable[[Connection], Iterator[Problem]]] = {
    "runs": _runs,
    "baselines": _baselines,
    "sweeps": _sweeps,
    "snapshots": _contents(snapshots, "weights", "weights"),
    "checkpoints": _contents(checkpoints, "state", "state"),
}
