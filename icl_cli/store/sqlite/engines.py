"""How a SQLite file is opened, and its pragmas.

Measured with 8 processes: WAL, a busy timeout of 30 s and BEGIN IMMEDIATE lost none of 3,200 transactions; a deferred
BEGIN lost 2,364, because the timeout does not apply to a reader that becomes a writer.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool

from icl_cli.errors import StoreError
from icl_cli.store.sqlite.location import Location
from icl_cli.store.sqlite.opened_file import OpenedFile
from icl_cli.store.wording import RENAME

# "ICL1", in the four bytes that SQLite's header keeps for the application that owns a file.
APPLICATION_ID = 0x49434C31
SMALLEST_PAGE = 512

_BEGIN_OPTION = "icl_begin"


def require_ours(location: Location) -> None:
    """Raises `StoreError` unless the file is a database that `icl` made.

    Looks without locks, side files or a change of any byte, unless the file makes no sense without its log.
    """
    # SQLite takes a shorter file for an empty database, and would make it one.
    if (location.size() or 0) < SMALLEST_PAGE:
        raise StoreError(f"{location.given} is not an SQLite database and was left as it is. {RENAME}")
    try:
        owner = _owner(location, "immutable=1")
    except sqlite3.DatabaseError as error:
        # Where a full disk or a kill stopped SQLite copying its log into the file, only both together are a database.
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT or not location.side_files[0].exists():
            raise
        owner = _owner(location, "mode=ro")
    if owner != APPLICATION_ID:
        raise StoreError(f"{location.given} is an SQLite database of another program and was left as it is. {RENAME}")


def _owner(location: Location, query: str) -> int:
    with closing(sqlite3.connect(f"{location.file.as_uri()}?{query}", uri=True)) as connection:
        return connection.execute("PRAGMA application_id").fetchone()[0]


def mark_as_ours(connection: Connection) -> None:
    """Write our application id, as a part of the transaction that makes the schema."""
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def is_wal(connection: Connection) -> bool:
    """Whether the file has been switched to write-ahead logging, which it then keeps."""
    return connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def switch_to_wal(location: Location, busy_seconds: float) -> None:
    """Switch the file to write-ahead logging, for good. Raises `StoreError` where the file system cannot do that."""
    with closing(_connect(location, "mode=rw", busy_seconds)) as connection:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(f"{location.given} cannot use write-ahead logging on this file system. Use a local disk.")


def remove_side_files(location: Location) -> None:
    """Let SQLite remove the log and index that a read-only connection left behind, unless others use them.

    Only SQLite knows whether others do: the last connection that could write removes both when it closes. A failure
    leaves an empty log, which hurts nobody.
    """
    with suppress(sqlite3.Error), closing(_connect(location, "mode=rw", 0.0)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def reading_engine(location: Location, opened: OpenedFile, busy_seconds: float, *, immutable: bool) -> Engine:
    """An engine that cannot write; `immutable` also takes no locks and makes no side files."""
    query = "immutable=1" if immutable else "mode=ro"

    def connect() -> sqlite3.Connection:
        opened.require_in_place()
        return _connect(location, query, busy_seconds)

    return _engine(connect)


def writing_engine(location: Location, opened: OpenedFile, busy_seconds: float) -> Engine:
    """An engine for an existing file of ours; foreign keys are enforced."""

    def connect() -> sqlite3.Connection:
        opened.require_in_place()
        connection = _connect(location, "mode=rw", busy_seconds)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    return _engine(connect)


def lone_engine(location: Location, opened: OpenedFile, busy_seconds: float, *, writes: bool) -> Engine:
    """An engine whose only connection keeps all other processes out, and so needs no index of the log on the disk.

    A full disk has no room for the index. Raises `BusyError`, at the first use, if others have the file open.
    """

    def connect() -> sqlite3.Connection:
        opened.require_in_place()
        connection = _connect(location, "mode=rw", busy_seconds)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        return connection

    return _engine(connect)


def migrating_engine(location: Location, busy_seconds: float) -> Engine:
    """An engine that makes the file if need be. Foreign keys are off: copying a table drops it, and would cascade."""
    return _engine(lambda: _connect(location, "mode=rwc", busy_seconds), poolclass=NullPool)


def immediate(engine: Engine) -> Engine:
    """The same engine and connections; every transaction takes the write lock as it begins."""
    return engine.execution_options(**{_BEGIN_OPTION: "BEGIN IMMEDIATE"})


def _connect(location: Location, query: str, busy_seconds: float) -> sqlite3.Connection:
    # isolation_level None: the module's own BEGIN is deferred, so that ours has to stand in for it.
    connection = sqlite3.connect(
        f"{location.file.as_uri()}?{query}",
        uri=True,
        timeout=busy_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    # No function that a schema names is ever run; `statements` refuses such a schema before.
    connection.execute("PRAGMA trusted_schema = OFF")
    return connection


def _engine(connect: Callable[[], sqlite3.Connection], poolclass: type[Any] = QueuePool) -> Engine:
    engine = create_engine("sqlite://", creator=connect, poolclass=poolclass, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # By the driver itself, which halves the cost of an empty transaction: a training makes one at every report.
    driver: Any = connection.connection.dbapi_connection
    driver.execute(connection.get_execution_options().get(_BEGIN_OPTION, "BEGIN"))
