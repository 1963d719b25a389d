"""Is everything in a database what it says it is? Every id and hash is derived again from what it stands for."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection, Table, func, select

from icl_cli.errors import IclError, StoreError
from icl_cli.store.baselines import baseline_of
from icl_cli.store.database import Database
from icl_cli.store.nonfinite import NONFINITE_SUFFIX
from icl_cli.store.problem import Problem
from icl_cli.store.ranges import odd_rows, odd_steps
from icl_cli.store.records import SHORT_ID_DIGITS, Run, RunStatus, TunedBaseline
from icl_cli.store.references import hidden_by
from icl_cli.store.runs import list_runs, run_of
from icl_cli.store.schema import METADATA, baselines, checkpoints, metrics, runs, snapshots, summaries, sweeps
from icl_cli.store.snapshots import check_digest

# Weights may be large, and few of them are in memory at a time.
BATCH = 8


class Judge(Protocol):
    """Who knows what the store does not: whether weights, states and parameters are those of their configurations.

    Each method raises an `IclError` that says what is wrong. `of_finished` is the name of a summary that every finished
    run has. `blew_up` says that the run diverged, or that a number recorded with the contents is not finite either.
    """

    of_finished: str

    def weights(self, run: Run, content: bytes, *, blew_up: bool) -> None:
        """Judge weights of `run`."""
        ...

    def state(self, run: Run, step: int, content: bytes, *, blew_up: bool) -> None:
        """Judge the state from which `run` goes on at `step`."""
        ...

    def baseline(self, record: TunedBaseline) -> None:
        """Judge what a baseline depends on, and its parameters."""
        ...


@dataclass(frozen=True, slots=True)
class Findings:
    """How many rows each table has, and every problem that was found; tables that cannot be read have no number.

    `notes` are sentences about what is no problem, but may surprise.
    """

    rows: dict[str, int]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def check_database(database: Database, judge: Judge | None = None) -> Findings:
    """Look at every row whose id or hash can be derived again, and ask the database for its own opinion of itself.

    Where a `judge` is given, contents must also be those of their configurations. What is in a table with a column of
    another type is looked at no further.
    """
    mistyped = _problems(lambda: database.mistyped_rows())
    problems = [*mistyped, *_problems(lambda: (Problem("database", "", text) for text in database.faults()))]
    check = _Check(judge)
    skipped = {problem.table for problem in mistyped}
    for table, find in check.of_tables.items():
        if table not in skipped:
            problems += _found(database, table, find)
    if not mistyped:
        problems += _found(database, "database", check.relations)
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


def _problems(find: Callable[[], Iterable[Problem]]) -> list[Problem]:
    try:
        return list(find())
    except StoreError as error:
        return [Problem("database", "", str(error))]


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


@dataclass
class _Check:
    """One check of one database: its judge, the runs that can be read, and those of whose contents a fault was told.

    `blown_up` are the runs and steps of which a number is not finite.
    """

    judge: Judge | None
    known: dict[str, Run] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    blown_up: set[tuple[str, int]] = field(default_factory=set)

    @property
    def of_tables(self) -> dict[str, Callable[[Connection], Iterator[Problem]]]:
        """What looks at the rows of a table, by its name; at runs first, because the others refer to them."""
        return {
            "runs": self._runs,
            "baselines": self._baselines,
            "sweeps": _sweeps,
            "snapshots": lambda connection: self._contents(connection, snapshots, "weights", "weights"),
            "checkpoints": lambda connection: self._contents(connection, checkpoints, "state", "state"),
        }

    def relations(self, connection: Connection) -> Iterator[Problem]:
        """What is wrong with numbers, with steps, and with what finished runs lack."""
        yield from odd_rows(connection)
        yield from odd_steps(connection, self.known)
        if self.judge is not None:
            name = self.judge.of_finished
            there = set(connection.execute(select(summaries.c.run_id).where(summaries.c.name == name)).scalars())
            for run in self.known.values():
                if run.status is RunStatus.FINISHED and run.id not in there:
                    text = f"{_called(run)} has finished, but its {name} is not stored. {_advice(run)}"
                    yield Problem("summaries", run.id, text)

    def _runs(self, connection: Connection) -> Iterator[Problem]:
        for row in connection.execute(select(runs).order_by(runs.c.id)).mappings():
            try:
                self.known[row["id"]] = run_of(row)
            except IclError as error:
                yield Problem("runs", row["id"], str(error))

    def _baselines(self, connection: Connection) -> Iterator[Problem]:
        for row in connection.execute(select(baselines).order_by(baselines.c.id)).mappings():
            try:
                record = baseline_of(row)
                if self.judge is not None:
                    self.judge.baseline(record)
            except IclError as error:
                yield Problem("baselines", row["id"], str(error))

    def _contents(self, connection: Connection, table: Table, content: str, what: str) -> Iterator[Problem]:
        nonfinite = select(metrics.c.run_id, metrics.c.step).where(metrics.c[f"value{NONFINITE_SUFFIX}"].is_not(None))
        self.blown_up = {(run_id, step) for run_id, step in connection.execute(nonfinite.distinct())}
        query = select(table).order_by(table.c.run_id, table.c.step)
        for row in connection.execute(query, execution_options={"yield_per": BATCH}).mappings():
            run_id, step = row["run_id"], row["step"]
            try:
                check_digest(row[content], row["sha256"], what, run_id, step)
            except IclError as error:
                yield Problem(table.name, run_id, str(error))
            else:
                yield from self._misfit(table, run_id, step, row[content])

    def _misfit(self, table: Table, run_id: str, step: int, content: bytes) -> Iterator[Problem]:
        """What the judge says against contents of a run, told once for each run: the next ones are alike."""
        if self.judge is None or run_id not in self.known or run_id in self.told:
            return
        run = self.known[run_id]
        goes_on = not run.status.has_ended
        blew_up = run.status is RunStatus.DIVERGED or (goes_on and (run_id, step) in self.blown_up)
        try:
            if table is snapshots:
                self.judge.weights(run, content, blew_up=blew_up)
            else:
                self.judge.state(run, step, content, blew_up=blew_up)
        except IclError as error:
            self.told.add(run_id)
            what = "weights" if table is snapshots else "state"
            yield Problem(table.name, run_id, f"{_called(run)}, {what} at step {step}: {error} {_advice(run)}")


def _called(run: Run) -> str:
    return f"Run {run.short_id} ({run.name}, seed {run.seed})"


def _advice(run: Run) -> str:
    return f"Delete it by `icl runs delete {run.short_id}` and train it again."


def _sweeps(connection: Connection) -> Iterator[Problem]:
    for row in connection.execute(select(sweeps).order_by(sweeps.c.id)):
        if hashlib.sha256(row.content.encode()).hexdigest() != row.id:
            yield Problem("sweeps", row.id, f"Sweep {row.id[:SHORT_ID_DIGITS]} ({row.name}) was altered.")
