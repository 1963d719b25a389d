"""A database beside one that can take nothing more, for what would be lost with it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from icl_cli.errors import StoreError
from icl_cli.store.database import Database
from icl_cli.store.free_names import moved_to_free_name

# What a database on a server would lose is kept in a file of the present folder, as what is deleted from it is.
SERVER_STEM = "icl"


class Rescue:
    """A database in which things are kept, and the path at which it is once it is whole."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.path: Path | None = None


@contextmanager
def rescue_from(database: Database) -> Iterator[Rescue]:
    """A new database NAME.rescued.db beside the file `database`: a copy of it as far as it can be read, or else empty.

    Also of a file that was deleted, moved or replaced all is copied, because it stays readable as long as it is open.
    The new database has its name only once the context is left without an error. Raises `StoreError` where no file can
    be made, and OSError where the disk is full.
    """
    given = Path(database.path) if database.is_file else Path(f"{SERVER_STEM}.db")
    with tempfile.TemporaryDirectory(prefix=".rescued.", dir=given.absolute().parent) as place:
        file = Path(place) / "rescued.db"
        if database.is_file:
            _copy(database, file)
        with Database.open(file, mode="create") as opened:
            rescue = Rescue(opened)
            yield rescue
        rescue.path = moved_to_free_name(file, given.parent, f"{given.stem}.rescued")


def _copy(database: Database, file: Path) -> None:
    try:
        database.copy_to(file)
        with Database.open(file, mode="read") as copy:
            faults = copy.faults()
    except StoreError as error:
        faults = [str(error)]
    if faults:
        # Nothing that is damaged is handed on.
        with suppress(FileNotFoundError):
            file.unlink()
