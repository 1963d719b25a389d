"""Ends of messages that every kind of database shares, so that they read the same everywhere."""

import shlex

from icl_cli.errors import StoreError
from icl_cli.store.records import SHORT_ID_DIGITS
from icl_cli.value_problems import quoted

ANOTHER = "or name another database"
RENAME = "Name another database."


def empty(name: str) -> StoreError:
    """The error for a database in which nothing was ever stored."""
    return StoreError(f"{name} is empty, no run was stored yet. {first_run(name)}")


def first_run(name: str) -> str:
    """What to do where the database `name` has nothing yet."""
    return f"Run `icl train --layers 1 --db {shlex.quote(name)}` first, or name another database."


def senseless(what: str, value: object) -> StoreError:
    """The error for a stored value that this program cannot have written."""
    return StoreError(
        f"The database is damaged or was changed by hand: a stored {what} is {quoted(value)}. Restore a copy, or see "
        "what is whole: `icl db check`."
    )


def unreadable(run_id: str, reason: str) -> StoreError:
    """The error for a run whose row is not what this program wrote."""
    return StoreError(
        f"Run {run_id[:SHORT_ID_DIGITS]} cannot be read: {reason}. "
        "Its row was changed by hand or by another release of icl; restore a copy of the database."
    )
