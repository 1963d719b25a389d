"""Which schema a database has, and whether this release can read it."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, select

from icl_cli.errors import StoreError
from icl_cli.store.schema import NEWEST_REVISION, REVISIONS, alembic_version
from icl_cli.store.wording import empty


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A schema that was made (`before` is None) or brought to the newest, and the copy of the data as they were."""

    before: str | None
    after: str
    backup: Path | None = None


def stored_revision(connection: Connection, name: str) -> str | None:
    """The revision of the schema, None if no schema was made yet. Raises `StoreError` for an unknown one."""
    if not inspect(connection).has_table(alembic_version.name):
        return None
    revision = connection.execute(select(alembic_version.c.version_num)).scalar()
    # Every older revision is known, so that an unknown one comes from a release after this.
    if revision is not None and revision not in REVISIONS:
        raise StoreError(
            f"{name} has schema {revision}, newer than this icl knows ({NEWEST_REVISION}). "
            "Update it: `pip install --upgrade icl-cli`."
        )
    return revision


def require_newest(revision: str | None, name: str) -> None:
    """Raises `StoreError` unless the schema is the newest: one that only reads may not upgrade it."""
    if revision is None:
        raise empty(name)
    if revision != NEWEST_REVISION:
        raise StoreError(
            f"{name} has schema {revision}, older than this icl's {NEWEST_REVISION}, which reading does not change. "
            "Upgrade it: `icl db upgrade`; of a file, a copy of the data as they are is kept."
        )
