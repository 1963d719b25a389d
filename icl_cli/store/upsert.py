"""Insert rows that may be there already, in the words of the database at hand."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows` (each with every column); a row whose primary key is there already replaces the old one."""
    if rows:
        connection.execute(_statement(connection.dialect.name, table), rows)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those of `rows` whose primary key is not there yet; how many they were.

    A process that is inserting the same key at this moment is waited for.
    """
    return connection.execute(_insert_missing(connection.dialect.name, table), rows).rowcount if rows else 0


@cache
def _statement(dialect: str, table: Table) -> Insert:
    # Putting a statement together takes longer than SQLite needs to run it, and a training runs it often.
    statement = _insert(dialect, table)
    keys = [column.name for column in table.primary_key]
    replaced = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=keys, set_=replaced)


@cache
def _insert_missing(dialect: str, table: Table) -> Insert:
    # Of an insertion SQLAlchemy forgets how many rows there were, unless it is asked to remember.
    return _insert(dialect, table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def _insert(dialect: str, table: Table) -> Any:
    if dialect == "postgresql":
        # 0.05 s to import, for those who need it.
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert(table)
