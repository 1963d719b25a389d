"""Which schema a database file has, and whether this release can read it."""

from sqlalchemy import Connection, inspect, select

from icl_cli.errors import StoreError
from icl_cli.store.location import Location
from icl_cli.store.schema import NEWEST_REVISION, REVISIONS, alembic_version


def stored_revision(connection: Connection, location: Location) -> str | None:
    """The revision of the schema, None if no schema was made yet. Raises `StoreError` for an unknown one."""
    if not inspect(connection).has_table(alembic_version.name):
        return None
    revision = connection.execute(select(alembic_version.c.version_num)).scalar()
    # Every older revision is known, so that an unknown one comes from a release after this.
    if revision is not None and revision not in REVISIONS:
        raise StoreError(
            f"{location.given} has schema {revision}, newer than this icl knows ({NEWEST_REVISION}). "
            "Update it: `pip install --upgrade icl-cli`."
        )
    return revision


def require_newest(revision: str | None, location: Location) -> None:
    """Raises `StoreError` unless the schema is the newest: one that only reads may not upgrade it."""
    if revision is None:
        raise location.empty()
    if revision != NEWEST_REVISION:
        raise StoreError(
            f"{location.given} has schema {revision}, older than this icl's {NEWEST_REVISION}, which reading does "
            "not change. Copy it if you like, then upgrade it with a command that writes, such as `icl train`."
        )
