"""Deleting chosen runs so that it can be undone: what is deleted is in a file of its own before it goes."""

import errno
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, delete

from icl_cli.errors import BusyError, FullDiskError, NothingMatchedError, StoreError, UnreachableError
from icl_cli.store.baselines import delete_unused_imports
from icl_cli.store.copying import copy_runs
from icl_cli.store.database import Database
from icl_cli.store.free_names import moved_to_free_name
from icl_cli.store.ownership import current_owner, owner_lives, readable_owner
from icl_cli.store.records import SHORT_ID_DIGITS, Run, RunStatus
from icl_cli.store.runs import find_run_within
from icl_cli.store.schema import runs


def delete_with_backup(database: Database, run_ids: Sequence[str], folder: Path, stem: str) -> Path:
    """Copy these runs with everything of theirs to STEM.deleted.db in `folder`, then delete them; the file's path.

    `copy_runs` from that file puts them back, bit by bit. A number is added where the name is taken. All or nothing:
    raises `BusyError` if one of them is being trained, `NothingMatchedError` if one is gone, and `StoreError` where the
    file cannot be made; if it is an `UnreachableError`, the file is kept.
    """
    if not folder.is_dir():
        raise StoreError(f"Cannot keep what would be deleted: there is no folder {folder}. Nothing was deleted.")
    backup = None
    try:
        with (
            _told_of(folder),
            tempfile.TemporaryDirectory(prefix=".deleted.", dir=folder) as place,
            database.write() as connection,
        ):
            # Held until the end: nobody can take the runs up, or compare them, after they were copied.
            for run_id in run_ids:
                _require_deletable(find_run_within(connection, run_id), run_id, database.path)
            unfinished = Path(place) / "deleted.db"
            _keep(database, run_ids, unfinished)
            backup = moved_to_free_name(unfinished, folder, f"{stem}.deleted")
            _delete(connection, run_ids)
    except BaseException as error:
        # Of a server that was lost nobody knows what it did: the copy may be all that is left.
        if backup is not None and not isinstance(error, UnreachableError):
            backup.unlink()
        raise
    return backup


def delete_in_place(database: Database, run_ids: Sequence[str], folder: Path, stem: str) -> Path:
    """As `delete_with_backup`, in a file that was opened by `Database.open_alone` and on a disk that has no room.

    The file of what is deleted comes into `folder`, which has to be on another disk. So does, until all is done, a copy
    of the whole: STEM.before-deletion.db, which only a process that is killed leaves behind. The room is given back.
    """
    with database.read() as connection:
        for run_id in run_ids:
            _require_deletable(find_run_within(connection, run_id), run_id, database.path)
    with _told_of(folder), tempfile.TemporaryDirectory(prefix=".deleted.", dir=folder) as place:
        unfinished = Path(place) / "deleted.db"
        _keep(database, run_ids, unfinished)
        copy = Path(place) / "whole.db"
        database.copy_to(copy)
        copy = moved_to_free_name(copy, folder, f"{stem}.before-deletion")
        backup = moved_to_free_name(unfinished, folder, f"{stem}.deleted")
    with database.without_log():
        with database.write() as connection:
            _delete(connection, run_ids)
        database.compact()
    copy.unlink()
    return backup


@contextmanager
def _told_of(folder: Path) -> Iterator[None]:
    """Errors of the system become ours, and say that nothing was deleted."""
    try:
        yield
    except OSError as error:
        kind = FullDiskError if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreError
        raise kind(
            f"Cannot keep what would be deleted in {folder}: {error.strerror or error}. Nothing was deleted."
        ) from error


def _keep(database: Database, run_ids: Sequence[str], file: Path) -> None:
    with Database.open(file, mode="create") as kept:
        copied = copy_runs(database, kept, frozenset(run_ids)).copied
    if copied != len(run_ids):
        raise StoreError(f"Only {copied} of {len(run_ids)} runs could be kept in a file. Nothing was deleted.")


def _require_deletable(run: Run | None, run_id: str, path: str) -> None:
    if run is None:
        raise NothingMatchedError(f"Run {run_id[:SHORT_ID_DIGITS]} is no longer in {path}. Nothing was deleted.")
    is_dead = run.owner is not None and owner_lives(run.owner, current_owner()) is False
    if run.status is RunStatus.RUNNING and not is_dead:
        owner = readable_owner(run.owner or "another process")
        raise BusyError(
            f"Run {run.short_id} ({run.name}) is being trained by {owner}. Stop it first, or, if it is dead, free its "
            f"run: `icl runs release {run.short_id}`. Nothing was deleted."
        )


def _delete(connection: Connection, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        connection.execute(delete(runs).where(runs.c.id == run_id))
    delete_unused_imports(connection)
