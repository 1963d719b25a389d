"""The place of a database file, and what it must be like before SQLite may work there.

Nothing here opens the file. A process that closes a file of its own drops every POSIX lock that it holds on it, also
those of SQLite's connections, so that only SQLite itself may open a database (https://sqlite.org/howtocorrupt.html).
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from icl_cli.errors import NothingMatchedError, StoreError
from icl_cli.output_places import require_folder_of
from icl_cli.store.sqlite.file_systems import network_file_system
from icl_cli.store.wording import ANOTHER, empty, first_run


@dataclass(frozen=True, slots=True)
class Location:
    """A path as the user gave it, for messages, and the file that it leads to."""

    given: Path
    file: Path

    @classmethod
    def at(cls, path: Path) -> Self:
        """The location of `path`, with symbolic links followed: SQLite puts its side files beside the real file."""
        return cls(Path(path), Path(os.path.realpath(path)))

    @property
    def side_files(self) -> tuple[Path, Path]:
        """The write-ahead log and its index."""
        return self.file.with_name(f"{self.file.name}-wal"), self.file.with_name(f"{self.file.name}-shm")

    @property
    def lock(self) -> Path:
        """The lock under which the schema is made and migrated. It stays: removing it would let two processes in."""
        return self.file.with_name(f"{self.file.name}.lock")

    @property
    def is_writable(self) -> bool:
        """Whether this user may write the file and make side files beside it."""
        return os.access(self.file, os.W_OK) and os.access(self.file.parent, os.W_OK)

    @property
    def has_side_files(self) -> bool:
        """Whether a process has the database open for writing, or died while it had."""
        return any(side.exists() for side in self.side_files)

    @property
    def has_log(self) -> bool:
        """Whether there is a log with something in it."""
        try:
            return self.side_files[0].stat().st_size > 0
        except OSError:
            return False

    def size(self) -> int | None:
        """Bytes in the file, None if there is none. Raises `StoreError` if something else is there."""
        facts = self._facts()
        if facts is None:
            return None
        if stat.S_ISDIR(facts.st_mode):
            raise StoreError(
                f"{self.given} is a folder, not a database. Name a file in it (such as {self.given}/results.db)."
            )
        if not stat.S_ISREG(facts.st_mode):
            raise StoreError(f"{self.given} is not a regular file. Name a database file.")
        return facts.st_size

    def identity(self) -> tuple[int, int] | None:
        """Which file is there, by device and inode; None if there is none."""
        facts = self._facts()
        return None if facts is None else (facts.st_dev, facts.st_ino)

    def signature(self) -> tuple[int, int, bool]:
        """What changes when somebody writes to the database: size, time of change, and whether there is a log."""
        facts = self._facts()
        return (facts.st_size, facts.st_mtime_ns, self.side_files[0].exists()) if facts else (0, 0, False)

    def require_database(self) -> None:
        """Raises `NothingMatchedError` if there is no file and `StoreError` if it is empty or cannot be read."""
        size = self.size()
        if size is None:
            raise NothingMatchedError(f"No database at {self.given}. Check the path. {first_run(str(self.given))}")
        if size == 0:
            raise empty(str(self.given))
        if not os.access(self.file, os.R_OK):
            raise StoreError(f"{self.given} may not be read by this user. Change its permissions, {ANOTHER}.")

    def require_writable(self) -> None:
        """Raises `StoreError` unless this user may write an existing database file and its folder."""
        if not self.is_writable:
            raise StoreError(f"{self.given} or its folder is read-only. Make both writable, {ANOTHER}.")

    def require_folder(self) -> None:
        """Raises `StoreError` unless the folder in which the file is to be made exists and may be written."""
        require_folder_of(self.given, StoreError, ANOTHER)

    def require_local(self) -> None:
        """Raises `StoreError` if the file lies, or would lie, on a file system that several hosts may share."""
        kind = network_file_system(self.file)
        if kind is not None:
            raise StoreError(
                f"{self.given} is on a network file system ({kind}) and is not written: SQLite's write-ahead log needs "
                "all processes on one host. Name a file on a local disk, or a PostgreSQL database: "
                "postgresql://USER@HOST/NAME."
            )

    def _facts(self) -> os.stat_result | None:
        try:
            return self.file.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(f"Cannot look at {self.given}: {error.strerror}. Check the path, {ANOTHER}.") from error
