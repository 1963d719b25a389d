"""Insert or replace many rows at once, in the words of the database at hand."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows` (each with every column); a row whose primary key is there already replaces the old one."""
    if not rows:
        return
    insert = _INSERTS[connection.dialect.name](table)
    keys = [column.name for column in table.primary_key]
    replaced = {column.name: insert.excluded[column.name] for column in table.c if not column.primary_key}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=replaced), rows)
