"""The tables, once. The migrations build exactly these; a test compares the two.

Every constraint has a name, because a later migration must be able to say which one it changes. Primary keys are what
a thing is, so that recording it again replaces it and never doubles it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    column,
    table,
)

from icl_cli.store.nonfinite import number_columns
from icl_cli.store.wording import senseless

# Every revision that this release can read, oldest first. The last is the one that the tables below describe.
REVISIONS = ("0001", "0002", "0003")
NEWEST_REVISION = REVISIONS[-1]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Alembic owns this table; it is named here only to be read, and is no part of METADATA.
alembic_version = table("alembic_version", column("version_num", String))


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware moment. SQLite forgets the zone, so that only UTC is ever stored."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment in UTC. Raises ValueError for one without a zone: it could mean any."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; give a UTC datetime")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The stored moment, with its zone again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """What reads a stored moment; it raises `StoreError` for text that is none, which SQLite takes as well."""
        read = super().result_processor(dialect, coltype)

        def checked(value: Any) -> datetime | None:
            try:
                return value if read is None else read(value)
            except (ValueError, TypeError, OverflowError) as error:
                raise senseless("moment", value) from error

        return checked


class AnyText(TypeDecorator[str]):
    """Text from elsewhere, such as the message of an error, in which signs that a database refuses are replaced."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """The text without NUL, which PostgreSQL refuses, and without lone surrogates, which are no Unicode."""
        if value is None:
            return None
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def _name() -> String:
    """Text that is sorted by its code points everywhere; a server may sort by the rules of some language instead."""
    return String(80).with_variant(String(80, collation="C"), "postgresql")


def _run_id() -> Column[str]:
    return Column("run_id", String(64), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


runs = Table(
    "runs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("family", String(64), nullable=False, index=True),
    Column("name", _name(), nullable=False, index=True),
    # Canonical JSON as text, not a JSON type: a database that reorders keys would break the hash that is the id.
    Column("config", Text, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("step", Integer, nullable=False),
    Column("diverged_step", Integer),
    Column("error", AnyText),
    Column("owner", String(255)),
    Column("lease_expires_at", UtcDateTime),
    Column("attempt", Integer, nullable=False),
    Column("fruitless_attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, index=True),
    Column("training_seconds", Double, nullable=False),
    Column("provenance", Text, nullable=False),
    Column("note", AnyText),
)

run_tags = Table("run_tags", METADATA, _run_id(), Column("tag", _name(), primary_key=True))

sweeps = Table(
    "sweeps",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", _name(), nullable=False, index=True),
    # The checked content of the sweep's file, as canonical JSON; its hash is the id.
    Column("content", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

sweep_runs = Table(
    "sweep_runs",
    METADATA,
    Column("sweep_id", String(64), ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True),
    Column("run_id", String(64), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, index=True),
)

# Tables with many short rows are without rowid: SQLite keeps them in the order of their keys, and not every key twice.
metrics = Table(
    "metrics",
    METADATA,
    _run_id(),
    Column("name", _name(), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    *number_columns("value"),
    sqlite_with_rowid=False,
)

summaries = Table(
    "summaries",
    METADATA,
    _run_id(),
    Column("name", _name(), primary_key=True),
    *number_columns("value"),
    *number_columns("standard_error"),
)

snapshots = Table(
    "snapshots",
    METADATA,
    _run_id(),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("weights", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
)

checkpoints = Table(
    "checkpoints",
    METADATA,
    _run_id(),
    Column("step", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("sha256", String(64), nullable=False),
)

baselines = Table(
    "baselines",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", _name(), nullable=False),
    Column("depends_on", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    *number_columns("loss"),
    *number_columns("standard_error"),
    Column("created_at", UtcDateTime, nullable=False),
)

comparisons = Table(
    "comparisons",
    METADATA,
    _run_id(),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("baseline_id", String(64), ForeignKey("baselines.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("measure", _name(), primary_key=True),
    *number_columns("value"),
    *number_columns("standard_error"),
    Column("tasks", Integer, nullable=False),
    sqlite_with_rowid=False,
)

curves = Table(
    "curves",
    METADATA,
    _run_id(),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("kind", _name(), primary_key=True),
    Column("learner", _name(), primary_key=True),
    Column("x", Double, primary_key=True, autoincrement=False),
    *number_columns("value"),
    *number_columns("standard_error"),
    sqlite_with_rowid=False,
)
