"""What one look tells of a database: kind, size, schema, how it is kept, and how its runs stand. Nothing is written."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from icl_cli.store.database import Database
from icl_cli.store.records import RunStatus
from icl_cli.store.revision import stored_revision
from icl_cli.store.schema import runs


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """`size` in bytes, `journal` the way in which a SQLite file keeps its changes, `server` the version of a server.

    `latest` is the last moment at which a run was planned or ended, None without runs; `now` the server's present.
    """

    size: int
    revision: str
    counts: dict[RunStatus, int]
    latest: datetime | None
    journal: str | None = None
    server: str | None = None
    now: datetime | None = None


def vital_signs(database: Database) -> VitalSigns:
    """All of it at one moment. Raises `StoreError` for a database that is damaged."""
    with database.read() as connection:
        revision = stored_revision(connection, database.path) or ""
        rows = connection.execute(select(runs.c.status, func.count()).group_by(runs.c.status))
        counts = {RunStatus(status): number for status, number in rows if status in set(RunStatus)}
        moments = connection.execute(select(func.max(runs.c.created_at), func.max(runs.c.finished_at))).one()
        latest = max((moment for moment in moments if moment is not None), default=None)
        kind = _of_file if database.is_file else _of_server
        return VitalSigns(revision=revision, counts=counts, latest=latest, **kind(connection))


def quick_faults(database: Database) -> list[str]:
    """What SQLite finds wrong with the pages of a file, without reading every index; nothing of a server."""
    if not database.is_file:
        return []
    with database.read() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars()
        return [text for text in found if text != "ok"]


def _of_file(connection: Connection) -> dict:
    pages, size = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
    return {"size": pages * size, "journal": connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()}


def _of_server(connection: Connection) -> dict:
    size = connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one()
    version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    return {"size": size, "server": version.split()[0], "now": connection.execute(select(func.now())).scalar_one()}
