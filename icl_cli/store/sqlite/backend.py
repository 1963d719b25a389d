"""A SQLite file as a database of the store: opened, checked, watched and closed."""

import gc
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

from sqlalchemy import Engine

from icl_cli.errors import FullDiskError, IclError, StoreError
from icl_cli.store.backend import DriverError, Mode, translated
from icl_cli.store.problem import Problem
from icl_cli.store.revision import Upgrade, require_newest, stored_revision
from icl_cli.store.schema import NEWEST_REVISION
from icl_cli.store.sqlite.engines import (
    immediate,
    is_wal,
    lone_engine,
    reading_engine,
    remove_side_files,
    require_ours,
    writing_engine,
)
from icl_cli.store.sqlite.errors import explain
from icl_cli.store.sqlite.location import Location
from icl_cli.store.sqlite.opened_file import OpenedFile
from icl_cli.store.sqlite.statements import require_our_schema
from icl_cli.store.sqlite.untrusted import mistyped_rows
from icl_cli.store.wording import empty


class SqliteBackend:
    """An open file; `Backend` says what its parts are.

    `tidy`: side files that reading leaves behind are removed. `immutable`: it is read without locks, so that changes by
    others must be noticed.
    """

    def __init__(
        self, location: Location, opened: OpenedFile, engine: Engine, *, tidy: bool = False, immutable: bool = False
    ) -> None:
        self.name = str(location.given)
        self.engine = self.reading = engine
        self.writing = immediate(engine)
        self.upgrade: Upgrade | None = None
        # Whether there was a log beside the file, as there is while a process has it open; reading makes an empty one.
        self.had_log = location.side_files[0].exists()
        self._location = location
        self._opened = opened
        self._tidy = tidy
        self._signature = location.signature() if immutable else None

    @classmethod
    def open(cls, path: Path, mode: Mode, busy_seconds: float) -> Self:
        """Open the file at `path`; `Database.open` says how, and what it raises."""
        location = Location.at(path)
        if mode == "read":
            return cls._open_for_reading(location, busy_seconds)
        if mode == "create" and not location.size():
            location.require_folder()
        else:
            location.require_database()
            location.require_writable()
        location.require_local()
        with translated(lambda error: explain(error, str(location.given)), str(location.given)):
            return cls._open_for_writing(location, busy_seconds, create=mode == "create")

    @classmethod
    def _open_for_reading(cls, location: Location, busy_seconds: float) -> Self:
        location.require_database()
        # Without a log nobody is writing. Where the log's index cannot be made, the file itself is all there is.
        immutable = not location.is_writable and not location.side_files[0].exists()
        tidy = location.is_writable and not location.has_side_files
        try:
            return cls._open_to_read(location, busy_seconds, tidy=tidy, immutable=immutable)
        except FullDiskError:
            if location.has_log and not location.is_writable:
                raise
        # Not even the log's index can be made. Without a log the file itself is all there is.
        if not location.has_log:
            return cls._open_to_read(location, busy_seconds, tidy=False, immutable=True)
        return cls._open_alone(location, busy_seconds, writes=False)

    @classmethod
    def open_alone(cls, path: Path, busy_seconds: float) -> Self:
        """Open the file at `path` so that no other process can until it is closed, with no need of room on the disk.

        Raises `BusyError` if others have it open, and as `open` to write.
        """
        location = Location.at(path)
        location.require_database()
        location.require_writable()
        location.require_local()
        return cls._open_alone(location, busy_seconds, writes=True)

    @classmethod
    def _open_alone(cls, location: Location, busy_seconds: float, *, writes: bool) -> Self:
        # The error for the full disk forms a cycle with a statement of the connection that met it, which keeps its lock
        # until both are collected.
        gc.collect()
        opened = OpenedFile(location)
        opened.remember()
        backend = cls(location, opened, lone_engine(location, opened, busy_seconds, writes=writes))
        return backend._examined()

    @classmethod
    def _open_to_read(cls, location: Location, busy_seconds: float, *, tidy: bool, immutable: bool) -> Self:
        opened = OpenedFile(location)
        opened.remember()
        engine = reading_engine(location, opened, busy_seconds, immutable=immutable)
        return cls(location, opened, engine, tidy=tidy, immutable=immutable)._examined()

    def _examined(self) -> Self:
        """Itself, once its schema is known to be ours and the newest; else it is closed and an error says so."""
        try:
            with translated(self.explain, self.name):
                require_ours(self._location)
                with self.reading.connect() as connection:
                    require_our_schema(connection, self.name)
                    require_newest(stored_revision(connection, self.name), self.name)
            self.require_unchanged()
        except BaseException:
            self.close()
            raise
        return self

    @classmethod
    def _open_for_writing(cls, location: Location, busy_seconds: float, *, create: bool) -> Self:
        is_new = not location.size()
        if not is_new:
            require_ours(location)
        opened = OpenedFile(location)
        backend = cls(location, opened, writing_engine(location, opened, busy_seconds))
        try:
            if is_new or not backend._is_ready(create=create):
                # Alembic takes 0.2 s to import, and nearly every database is ready.
                from icl_cli.store.sqlite.migration import migrate

                backend.engine.dispose()
                backend.upgrade = migrate(location, busy_seconds)
                with backend.reading.connect() as connection:
                    require_our_schema(connection, backend.name)
            # Not before: where a layered file system keeps changes apart, opening a file to write makes another of it.
            opened.remember()
        except BaseException:
            backend.close()
            raise
        return backend

    def _is_ready(self, *, create: bool) -> bool:
        """Whether the schema is the newest and the file is switched to write-ahead logging."""
        with self.reading.connect() as connection:
            require_our_schema(connection, self.name)
            revision = stored_revision(connection, self.name)
            if revision is None and not create:
                raise empty(self.name)
            return revision == NEWEST_REVISION and is_wal(connection)

    def explain(self, error: DriverError) -> IclError:
        """What an error of SQLite means for the user, in one line."""
        return explain(error, self.name)

    def require_unchanged(self) -> None:
        """Raises `ReplacedFileError` if the path leads to another file than it did, or to none.

        Raises `StoreError` if the file is read without locks and somebody changed it since it was opened.
        """
        self._opened.require_in_place()
        if self._signature is not None and self._location.signature() != self._signature:
            raise StoreError(f"{self.name} was changed while it was read. Run the same command again.")

    def faults(self) -> list[str]:
        """What SQLite's integrity_check and foreign_key_check find."""
        with self.reading.connect() as connection:
            damages = list(connection.exec_driver_sql("PRAGMA integrity_check").scalars())
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        return [text for text in damages if text != "ok"] + [
            f"row {row} of {table} belongs to a row of {parent} that is missing" for table, row, parent, _ in orphans
        ]

    def mistyped_rows(self) -> list[Problem]:
        """A row for every column that holds what it must not."""
        with self.reading.connect() as connection:
            return list(mistyped_rows(connection))

    def copy_to(self, path: Path) -> None:
        """Write all of it, without gaps, to a file at `path` that must not exist."""
        # As a URI, because a path need not be Unicode, which a value must be.
        self._outside_transactions("VACUUM INTO ?", path.absolute().as_uri())

    def compact(self) -> None:
        """Give the space of what was deleted back to the file system."""
        self._outside_transactions("VACUUM")

    def keep_changes_in_memory(self) -> None:
        """Until `log_changes`, changes go into the file itself, and what they undo is in memory: no room is needed.

        A process that is killed then leaves a damaged file; there must be a copy of it.
        """
        self._outside_transactions("PRAGMA journal_mode = MEMORY")

    def log_changes(self) -> None:
        """Changes go into the log first, as they always do."""
        self._outside_transactions("PRAGMA journal_mode = WAL")

    def close(self) -> None:
        """Close every connection; the last process to do so leaves one file without side files.

        A file that is elsewhere now gets what is in its log, because the log stays behind, where another file would be
        read with it.
        """
        if not self._opened.is_in_place:
            with suppress(IclError), translated(self.explain, self.name):
                self._outside_transactions("PRAGMA wal_checkpoint(TRUNCATE)")
        self.engine.dispose()
        if self._tidy and self._location.has_side_files:
            self._tidy = False
            remove_side_files(self._location)

    def _outside_transactions(self, statement: str, *values: str) -> None:
        with closing(self.engine.raw_connection()) as connection:
            connection.cursor().execute(statement, values)
