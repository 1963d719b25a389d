"""One open database: transactions in, our own errors out."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from icl_cli.errors import StoreError
from icl_cli.store.backend import BUSY_SECONDS, Backend, Mode, translated
from icl_cli.store.interruption import UninterruptedEnds, uninterrupted
from icl_cli.store.problem import Problem
from icl_cli.store.revision import Upgrade
from icl_cli.store.sqlite.backend import SqliteBackend
from icl_cli.store.target import is_url

logger = logging.getLogger(__name__)


class Database:
    """A database of runs. Use it as a context manager, or close it; threads may share one, processes may not.

    `path` is the path or URL as given, for messages: it never holds a secret. Every transaction either happens as a
    whole or not at all.
    """

    def __init__(self, backend: Backend) -> None:
        self.path = backend.name
        self._backend = backend
        self._engine = backend.engine

    @classmethod
    def open(cls, target: str | Path, *, mode: Mode, busy_seconds: float = BUSY_SECONDS) -> Self:
        """Open the SQLite file at a path, or the PostgreSQL database at a URL (postgresql://user@host:port/name).

        - "create": made if missing or empty, upgraded if its schema is older; for reading and writing. On a server the
          database itself must exist; what is made are its tables.
        - "write": must exist; upgraded if its schema is older; for reading and writing.
        - "read": must exist; nothing is written, no lock makes a writer wait, no side file stays behind.

        `busy_seconds` is how long a transaction waits for the lock of another process. What another program made is
        never touched. Raises `NothingMatchedError` if it must exist and does not, `BusyError` if it stays locked,
        `UsageError` for a URL that is not allowed, `UnreachableError` where no server answers, and `StoreError` for
        everything else that is wrong with it.
        """
        if isinstance(target, str) and is_url(target):
            # SQLAlchemy's dialect takes 0.05 s to import, for those who need it.
            from icl_cli.store.postgresql.backend import PostgresqlBackend

            database = cls(PostgresqlBackend.open(target, mode, busy_seconds))
        else:
            database = cls(SqliteBackend.open(Path(target), mode, busy_seconds))
        logger.info("Opened %s to %s.", database.path, "read" if mode == "read" else "write")
        return database

    @classmethod
    def open_alone(cls, path: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> Self:
        """Open the SQLite file at `path` so that no other process can, even where the disk is full.

        It must exist and have the newest schema. Raises `BusyError` if others have it open, and as `open`.
        """
        return cls(SqliteBackend.open_alone(Path(path), busy_seconds))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_file(self) -> bool:
        """Whether it is a SQLite file."""
        return isinstance(self._backend, SqliteBackend)

    @property
    def had_log(self) -> bool:
        """Whether a file had a log beside it when it was opened; a server takes care of its own."""
        return not isinstance(self._backend, SqliteBackend) or self._backend.had_log

    @property
    def upgrade(self) -> Upgrade | None:
        """What opening it did to its schema, None if nothing."""
        return self._backend.upgrade

    def close(self) -> None:
        """Close every connection; the last process to do so leaves a SQLite file without side files."""
        self._backend.close()

    def translated(self) -> AbstractContextManager[None]:
        """Within it, errors of the database's driver become ours; `read` and `write` have it already."""
        return translated(self._backend.explain, self.path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database, waits for no writer and makes none wait.

        Raises `StoreError` if the file turns out to be damaged, or was changed where changes cannot be followed.
        """
        with self._watched(), self.translated(), UninterruptedEnds(self._backend.reading.connect) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes, committed at the end and rolled back by any exception.

        In a SQLite file it is alone. On PostgreSQL others may write at the same time: what it reads in order to change
        it, it must read with a lock on the row (`run_query`). Raises `BusyError` if another process keeps a lock,
        `ReplacedFileError` if the file is no longer where it was opened, also where that shows after the commit, and
        `StoreError` if the disk is full or the database read-only.
        """
        self._backend.require_unchanged()
        with uninterrupted(), self.translated(), self._backend.writing.begin() as connection:
            yield connection
        self._backend.require_unchanged()

    def copy_to(self, path: Path) -> None:
        """Write all of it, without gaps, to a file at `path` that must not exist; `back_up` also does PostgreSQL."""
        if not isinstance(self._backend, SqliteBackend):
            raise ValueError(f"{self.path} is no file; use back_up")
        with self.translated():
            self._backend.copy_to(path)

    def compact(self) -> None:
        """Give the space of what was deleted back."""
        with self.translated():
            self._backend.compact()

    @contextmanager
    def without_log(self) -> Iterator[None]:
        """Within it, changes of a file that was opened by `open_alone` need no room on the disk.

        A process that is killed meanwhile leaves a damaged file; there must be a copy of it.
        """
        if not isinstance(self._backend, SqliteBackend):
            raise ValueError(f"{self.path} is no file")
        with self.translated():
            self._backend.keep_changes_in_memory()
            yield
            self._backend.log_changes()

    def faults(self) -> list[str]:
        """What the database's own checks of its integrity find, one line each."""
        with self.translated():
            return self._backend.faults()

    def mistyped_rows(self) -> list[Problem]:
        """A row for every column that holds another type than its own, too much or no value."""
        with self.translated():
            return self._backend.mistyped_rows()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Refuse what was read without locks from a file that somebody changed meanwhile."""
        try:
            yield
        except StoreError:
            self._backend.require_unchanged()
            raise
        self._backend.require_unchanged()
