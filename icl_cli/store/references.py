"""How people point at runs: the beginning of an id, a name, or `latest`."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from sqlalchemy import ColumnElement, Connection, func, select

from icl_cli.errors import NothingMatchedError, UsageError
from icl_cli.store.database import Database
from icl_cli.store.names import LATEST
from icl_cli.store.records import SHORT_ID_DIGITS, Run, RunStatus
from icl_cli.store.runs import list_runs, run_of
from icl_cli.store.schema import runs

FEWEST_DIGITS = 4
DIGITS = f"[0-9a-f]{{{FEWEST_DIGITS},64}}"
MOST_SHOWN = 5


def resolve_runs(database: Database, reference: str) -> list[Run]:
    """The runs that `reference` means, by seed; at least one.

    - `latest`: every finished run that differs from the last finished one in nothing but the seed.
    - a name, exactly: every run that has it, whatever its status. A name comes before an id that begins alike.
    - 4 or more hexadecimal digits: the one run whose id begins with them.

    Raises `NothingMatchedError` saying what is there, and `UsageError` if several ids begin with the digits.
    """
    if reference == LATEST:
        return _latest(database)
    found = _select(database, runs.c.name == reference) or _by_prefix(database, reference.lower())
    if not found:
        raise _unknown(database, reference)
    return found


def resolve_all(database: Database, references: Iterable[str]) -> list[Run]:
    """The runs that any of `references` means, each once; raises as `resolve_runs`."""
    found = (run for reference in references for run in resolve_runs(database, reference))
    return list({run.id: run for run in found}.values())


def hidden_by(name: str, found: Iterable[Run]) -> list[Run]:
    """Those of the runs whose id begins with `name`, in any case, and that a reference by it does not mean."""
    digits = name.lower()
    if not re.fullmatch(DIGITS, digits):
        return []
    return [run for run in found if run.id.startswith(digits) and run.name != name]


def _latest(database: Database) -> list[Run]:
    # The status is looked at here, row by row from the last: asked for it, SQLite would go through every finished run,
    # because it takes the index on the status for a better one than those on the time and the family.
    ended = select(runs.c.family, runs.c.status).where(runs.c.finished_at.is_not(None))
    ended = ended.order_by(runs.c.finished_at.desc(), runs.c.id)
    with database.read() as connection, connection.execute(ended) as rows:
        family = next((row.family for row in rows if row.status == RunStatus.FINISHED), None)
    if family is None:
        raise _nothing_finished(database)
    return _by_seed(run for run in list_runs(database, family=family) if run.status is RunStatus.FINISHED)


def _by_prefix(database: Database, digits: str) -> list[Run]:
    if not re.fullmatch(DIGITS, digits):
        return []
    # A range, unlike LIKE, uses the index; "g" follows every hexadecimal digit.
    found = _select(database, runs.c.id >= digits, runs.c.id < f"{digits}g")
    if len(found) > 1:
        shown = max(SHORT_ID_DIGITS, len(digits) + FEWEST_DIGITS)
        matches = _enumeration(f"{run.id[:shown]} ({run.name})" for run in found)
        raise UsageError(f"{len(found)} runs begin with {digits!r}: {matches}. Give more digits.")
    return found


def _select(database: Database, *conditions: ColumnElement[bool]) -> list[Run]:
    with database.read() as connection:
        return _by_seed(run_of(row) for row in connection.execute(select(runs).where(*conditions)).mappings())


def _by_seed(found: Iterable[Run]) -> list[Run]:
    return sorted(found, key=lambda run: (run.seed, run.created_at))


def _unknown(database: Database, reference: str) -> NothingMatchedError:
    with database.read() as connection:
        names = list(
            connection.execute(
                select(runs.c.name).group_by(runs.c.name).order_by(func.max(runs.c.created_at).desc())
            ).scalars()
        )
    if not names:
        return NothingMatchedError(f"No run is stored in {database.path} yet. Run `icl train --layers 1` first.")
    near = get_close_matches(reference, names, n=MOST_SHOWN)
    hint = f"Did you mean {_enumeration(near)}?" if near else f"Names there: {_enumeration(names)}."
    return NothingMatchedError(
        f"No run {reference!r} in {database.path}. {hint} "
        f"Give a name, {FEWEST_DIGITS} or more digits of an id, or {LATEST!r}; `icl runs list` shows all."
    )


def _nothing_finished(database: Database) -> NothingMatchedError:
    with database.read() as connection:
        counts = _statuses(connection)
    if not counts:
        return NothingMatchedError(f"No run is stored in {database.path} yet. Run `icl train --layers 1` first.")
    there = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return NothingMatchedError(
        f"No run in {database.path} has finished; there are {there}. Run the command of one of them again to go on, "
        "or `icl train --layers 1`."
    )


def _statuses(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(runs.c.status, func.count().label("number")).group_by(runs.c.status))
    return {row.status: row.number for row in rows}


def _enumeration(items: Iterable[str]) -> str:
    shown = list(items)
    more = f" and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    return ", ".join(shown[:MOST_SHOWN]) + more
