"""A whole copy of a database in one SQLite file, while others write."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from icl_cli.errors import StoreError, UsageError
from icl_cli.output_places import require_folder_of
from icl_cli.store.copying import copy_everything
from icl_cli.store.database import Database


def back_up(database: Database, path: Path, finish: Callable[[Path], None] | None = None) -> None:
    """Write everything of one moment to a file at `path`: the runs that are being trained too, as they are.

    The file has that name only once it is whole, and `finish` has changed in it what it will. Raises `UsageError` where
    something exists, and `StoreError` where no file can be made.
    """
    _require_free(path)
    require_folder_of(path, StoreError)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.absolute().parent) as folder:
        unfinished = Path(folder) / path.name
        if database.is_file:
            database.copy_to(unfinished)
        else:
            with Database.open(unfinished, mode="create") as copy:
                copy_everything(database, copy)
        if finish is not None:
            finish(unfinished)
        _require_free(path)
        unfinished.rename(path)


def _require_free(path: Path) -> None:
    if path.exists():
        raise UsageError(f"{path} exists. Give a path at which there is no file.")
