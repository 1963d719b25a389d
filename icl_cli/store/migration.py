"""Bring a database file to the newest schema, once, however many processes ask for it at the same moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from filelock import FileLock, Timeout
from sqlalchemy import Connection

from icl_cli.errors import BusyError, StoreError
from icl_cli.store.location import ANOTHER, Location
from icl_cli.store.revision import stored_revision
from icl_cli.store.schema import NEWEST_REVISION
from icl_cli.store.sqlite import immediate, is_wal, mark_as_ours, migrating_engine, switch_to_wal

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(location: Location, busy_seconds: float) -> None:
    """Make or upgrade the schema in one transaction and switch the file to write-ahead logging.

    Raises `StoreError` for a schema that is newer than this release and `BusyError` if another process migrates the
    same file for longer than `busy_seconds`.
    """
    with _locked(location, busy_seconds):
        engine = migrating_engine(location, busy_seconds)
        with immediate(engine).begin() as connection:
            # Asked again under the lock: another process may have been first.
            if stored_revision(connection, location) != NEWEST_REVISION:
                upgrade(connection)
                mark_as_ours(connection)
        with engine.connect() as connection:
            needs_wal = not is_wal(connection)
        if needs_wal:
            switch_to_wal(location, busy_seconds)


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, inside the connection's transaction."""
    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration without an alembic.ini, for one open connection."""
    config = Config()
    # Alembic interpolates %(...)s in its options, so that a percent sign in the installation's path is doubled.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


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
