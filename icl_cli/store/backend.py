"""What the store needs of a kind of database; everything that only one kind has stays behind it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from icl_cli.errors import IclError, StoreError
from icl_cli.store.problem import Problem
from icl_cli.store.revision import Upgrade

# create: made if it is missing, upgraded if its schema is older. write: must exist, upgraded. read: must be the newest.
Mode = Literal["create", "write", "read"]
BUSY_SECONDS = 30.0

DriverError = DBAPIError | sqlite3.Error


class Backend(Protocol):
    """One open database.

    `name` says where it is, without any secret. `engine` has the connections; `reading` and `writing` are the same
    with the transactions that `Database.read` and `Database.write` promise. `upgrade` is what opening did to the
    schema.
    """

    name: str
    engine: Engine
    reading: Engine
    writing: Engine
    upgrade: Upgrade | None

    def explain(self, error: DriverError) -> IclError:
        """What an error of the driver means for the user, in one line."""
        ...

    def require_unchanged(self) -> None:
        """Raises `StoreError` if what was just read cannot be trusted, because of a change that no lock prevented."""
        ...

    def faults(self) -> list[str]:
        """What the database's own checks of its integrity find, one line each."""
        ...

    def mistyped_rows(self) -> list[Problem]:
        """A row for every column that holds another type than its own, too much or no value."""
        ...

    def compact(self) -> None:
        """Give the space of what was deleted back. Raises the driver's errors."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


@contextmanager
def translated(explain: Callable[[DriverError], IclError], name: str) -> Iterator[None]:
    """Errors of the driver become our own."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise explain(error) from error
    except UnicodeDecodeError as error:
        # Also of a driver's own messages, which quote what is damaged.
        text = " ".join(str(error).split())
        raise StoreError(
            f"{name} is damaged or was changed by hand ({text}). Restore a copy, or see what is whole: `icl db check`."
        ) from error
