"""Bring a file to the newest schema, once, however many processes ask for it at the same moment."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, exists, literal_column, select

from icl_cli.errors import BusyError, StoreError
from icl_cli.store.free_names import moved_to_free_name
from icl_cli.store.migration import upgrade
from icl_cli.store.revision import Upgrade, stored_revision
from icl_cli.store.schema import NEWEST_REVISION, baselines, runs
from icl_cli.store.sqlite.engines import immediate, is_wal, mark_as_ours, migrating_engine, switch_to_wal
from icl_cli.store.sqlite.location import Location
from icl_cli.store.wording import ANOTHER


def migrate(location: Location, busy_seconds: float) -> Upgrade | None:
    """Make or upgrade the schema in one transaction and switch the file to write-ahead logging.

    Before anything that is stored is changed, a copy of it is made beside the file. **Returns** what was done, None if
    another process was first. Raises `StoreError` for a schema that is newer than this release and `BusyError` if
    another process migrates the same file for longer than `busy_seconds`.
    """
    with _locked(location, busy_seconds):
        engine = migrating_engine(location, busy_seconds)
        done = _bring_up(engine, location)
        with engine.connect() as connection:
            needs_wal = not is_wal(connection)
        if needs_wal:
            switch_to_wal(location, busy_seconds)
    return done


def _bring_up(engine: Engine, location: Location) -> Upgrade | None:
    # Asked again under the lock: another process may have been first.
    with engine.connect() as connection:
        before = stored_revision(connection, str(location.given))
        is_populated = before not in (None, NEWEST_REVISION) and _has_content(connection)
    if before == NEWEST_REVISION:
        return None
    backup = _back_up(engine, location) if is_populated else None
    with immediate(engine).begin() as connection:
        upgrade(connection)
        mark_as_ours(connection)
    return Upgrade(before, NEWEST_REVISION, backup)


def _has_content(connection: Connection) -> bool:
    """Whether anything is stored; both tables are as old as the first schema."""
    found = [exists(select(literal_column("1")).select_from(table)) for table in (runs, baselines)]
    return bool(connection.execute(select(found[0] | found[1])).scalar())


def _back_up(engine: Engine, location: Location) -> Path:
    """Copy the file to NAME.before-REVISION.db beside it, under a name that is free; its path as the user would say."""
    stem = f"{location.file.stem}.before-{NEWEST_REVISION}"
    folder = location.file.parent
    # A copy that a kill cut short never has the name of a whole one.
    with tempfile.TemporaryDirectory(prefix=f".{stem}.", dir=folder) as place:
        unfinished = Path(place) / "copy.db"
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("VACUUM INTO ?", (unfinished.as_uri(),))
        _flush(unfinished)
        return location.given.with_name(moved_to_free_name(unfinished, folder, stem).name)


def _flush(path: Path) -> None:
    """Wait until the disk has it: VACUUM INTO does not."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _locked(location: Location, seconds: float) -> Iterator[None]:
    lock = FileLock(location.lock, timeout=seconds)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(
            f"Another process has been preparing {location.given} for {seconds:g} s. Run the same command again."
        ) from error
    except OSError as error:
        raise StoreError(
            f"Cannot make {location.lock}: {error.strerror}. Make its folder writable, {ANOTHER}."
        ) from error
    try:
        yield
    finally:
        lock.release()
