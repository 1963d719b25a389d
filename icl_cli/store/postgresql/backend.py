"""A PostgreSQL database as a database of the store: recognised, migrated under a lock, explained."""

from typing import Self

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from icl_cli.errors import IclError, NothingMatchedError, StoreError
from icl_cli.store.backend import DriverError, Mode, translated
from icl_cli.store.postgresql.engines import make_engine, outside_transactions, reading, writing
from icl_cli.store.postgresql.errors import explain
from icl_cli.store.postgresql.url import parse_url, shown_name
from icl_cli.store.problem import Problem
from icl_cli.store.revision import Upgrade, require_newest, stored_revision
from icl_cli.store.schema import METADATA, NEWEST_REVISION
from icl_cli.store.wording import RENAME

# Written beside our tables, so that they are told from those of another program that also uses Alembic.
MARK = "The results database of icl."
# "ICL1" again: the advisory lock under which the schema is made and migrated.
MIGRATION_LOCK = 0x49434C31

# Tables, views and the like of the schema in which ours would be made, and what is written beside alembic_version.
_SURVEY = text(
    "SELECT count(*) AS tables, "
    "max(obj_description(oid, 'pg_class')) FILTER (WHERE relname = 'alembic_version') AS mark "
    "FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')"
)


class PostgresqlBackend:
    """An open database on a server; `Backend` says what its parts are."""

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self.engine = engine
        self.reading = reading(engine)
        self.writing = writing(engine)
        self.upgrade: Upgrade | None = None

    @classmethod
    def open(cls, target: str, mode: Mode, busy_seconds: float) -> Self:
        """Connect to the database at the URL `target`; `Database.open` says how, and what it raises."""
        url = parse_url(target)
        backend = cls(shown_name(url), make_engine(url, busy_seconds))
        try:
            with translated(backend.explain, backend.name):
                backend._prepare(mode)
        except BaseException:
            backend.close()
            raise
        return backend

    def _prepare(self, mode: Mode) -> None:
        with self.reading.connect() as connection:
            revision = self._revision(connection)
        if revision is None and mode != "create":
            raise NothingMatchedError(
                f"{self.name} holds no results yet. Run `icl db init` or `icl train --layers 1` with it first, or name "
                "another database."
            )
        if mode == "read":
            require_newest(revision, self.name)
        elif revision != NEWEST_REVISION:
            self.upgrade = self._migrate()

    def _revision(self, connection: Connection) -> str | None:
        """The revision of our schema, None if there is nothing. Raises `StoreError` if something else is there."""
        found = connection.execute(_SURVEY).one()
        if found.tables == 0:
            return None
        if found.mark != MARK:
            raise StoreError(f"{self.name} has tables of another program and was left as it is. {RENAME}")
        return stored_revision(connection, self.name)

    def _migrate(self) -> Upgrade | None:
        from icl_cli.store.migration import upgrade

        with self.writing.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            # Asked again under the lock: another process may have been first.
            before = self._revision(connection)
            if before == NEWEST_REVISION:
                return None
            upgrade(connection)
            connection.exec_driver_sql(f"COMMENT ON TABLE alembic_version IS '{MARK}'")
        return Upgrade(before, NEWEST_REVISION)

    def explain(self, error: DriverError) -> IclError:
        """What an error of psycopg means for the user, in one line."""
        if isinstance(error, DBAPIError):
            return explain(error, self.name)
        return StoreError(f"{self.name}: unexpected {error}.")

    def require_unchanged(self) -> None:
        """Nothing to do: every transaction sees one moment."""

    def faults(self) -> list[str]:
        """None: the server enforces references, and its checks of pages belong to who runs it."""
        return []

    def mistyped_rows(self) -> list[Problem]:
        """None: the server keeps every column's type."""
        return []

    def compact(self) -> None:
        """Let the server use the space of what was deleted again, and learn how much is there."""
        tables = ", ".join(table.name for table in METADATA.sorted_tables)
        with outside_transactions(self.engine).connect() as connection:
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {tables}")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
