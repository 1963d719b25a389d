"""One open database: transactions in, our own errors out."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from icl_cli.errors import StoreError
from icl_cli.store.location import Location
from icl_cli.store.revision import require_newest, stored_revision
from icl_cli.store.schema import NEWEST_REVISION
from icl_cli.store.sqlite import (
    BUSY_SECONDS,
    explain,
    immediate,
    is_wal,
    reading_engine,
    remove_side_files,
    require_ours,
    writing_engine,
)

Mode = Literal["create", "write", "read"]


class Database:
    """A database of runs. Use it as a context manager, or close it; threads may share one, processes may not.

    `path` is the path as given, for messages. Every transaction either happens as a whole or not at all.
    """

    def __init__(self, location: Location, engine: Engine, *, tidy: bool = False, immutable: bool = False) -> None:
        self.path = location.given
        self._location = location
        self._engine = engine
        self._writing_engine = immediate(engine)
        self._tidy = tidy
        self._signature = location.signature() if immutable else None

    @classmethod
    def open(cls, path: Path, *, mode: Mode, busy_seconds: float = BUSY_SECONDS) -> Self:
        """Open the database file at `path`.

        - "create": made if missing or empty, upgraded if its schema is older; for reading and writing.
        - "write": must exist; upgraded if its schema is older; for reading and writing.
        - "read": must exist; nothing is written, no lock makes a writer wait, no side file stays behind.

        `busy_seconds` is how long a transaction waits for the write lock of another process. A file of another program
        is never touched. Raises `NothingMatchedError` if it must exist and does not, `BusyError` if it stays locked,
        and `StoreError` for everything else that is wrong with the file.
        """
        location = Location.at(path)
        if mode == "read":
            return cls._open_for_reading(location, busy_seconds)
        if mode == "create" and not location.size():
            location.require_folder()
        else:
            location.require_database()
            location.require_writable()
        with _translated(location):
            return cls._open_for_writing(location, busy_seconds, create=mode == "create")

    @classmethod
    def _open_for_reading(cls, location: Location, busy_seconds: float) -> Self:
        location.require_database()
        # Without a log nobody is writing. Where the log's index cannot be made, the file itself is all there is.
        immutable = not location.is_writable and not location.side_files[0].exists()
        tidy = location.is_writable and not location.has_side_files
        with _translated(location):
            require_ours(location)
            engine = reading_engine(location, busy_seconds, immutable=immutable)
        database = cls(location, engine, tidy=tidy, immutable=immutable)
        try:
            with database.read() as connection:
                require_newest(stored_revision(connection, location), location)
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def _open_for_writing(cls, location: Location, busy_seconds: float, *, create: bool) -> Self:
        is_new = not location.size()
        if not is_new:
            require_ours(location)
        engine = writing_engine(location, busy_seconds)
        try:
            if is_new or not _is_ready(engine, location, create=create):
                # Alembic takes 0.2 s to import, and nearly every database is ready.
                from icl_cli.store.migration import migrate

                engine.dispose()
                migrate(location, busy_seconds)
        except BaseException:
            engine.dispose()
            raise
        return cls(location, engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the last process to do so leaves one file without side files."""
        self._engine.dispose()
        if self._tidy and self._location.has_side_files:
            self._tidy = False
            remove_side_files(self._location)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database, waits for no writer and makes none wait.

        Raises `StoreError` if the file turns out to be damaged, or was changed where changes cannot be followed.
        """
        with self._watched(), _translated(self._location), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that alone may write, committed at the end and rolled back by any exception.

        Raises `BusyError` if another process keeps the write lock and `StoreError` if the disk is full or read-only.
        """
        with _translated(self._location), self._writing_engine.begin() as connection:
            yield connection

    def copy_to(self, path: Path) -> None:
        """Write all of it, without gaps, to a file at `path` that must not exist."""
        self._outside_transactions("VACUUM INTO ?", str(path))

    def compact(self) -> None:
        """Give the space of what was deleted back to the file system."""
        self._outside_transactions("VACUUM")

    def _outside_transactions(self, statement: str, *values: str) -> None:
        with _translated(self._location), closing(self._engine.raw_connection()) as connection:
            connection.cursor().execute(statement, values)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Refuse what was read without locks from a file that somebody changed meanwhile."""
        try:
            yield
        except StoreError:
            self._require_unchanged()
            raise
        self._require_unchanged()

    def _require_unchanged(self) -> None:
        if self._signature is not None and self._location.signature() != self._signature:
            raise StoreError(f"{self.path} was changed while it was read. Run the same command again.")


@contextmanager
def _translated(location: Location) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise explain(error, location) from error


def _is_ready(engine: Engine, location: Location, *, create: bool) -> bool:
    """Whether the schema is the newest and the file is switched to write-ahead logging."""
    with engine.connect() as connection:
        revision = stored_revision(connection, location)
        if revision is None and not create:
            raise location.empty()
        return revision == NEWEST_REVISION and is_wal(connection)
