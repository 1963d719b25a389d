"""Is a file's schema ours alone? Every statement in it is compared with those that this program writes.

A schema can act: triggers and generated columns when rows change, views in place of tables when they are read, CHECK
constraints and expressions of indices even under PRAGMA integrity_check (https://sqlite.org/security.html). So the list
of statements is the first thing that is asked of any file, and nothing else is asked unless all of them are known.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from icl_cli.errors import StoreError
from icl_cli.store.schema import METADATA, NEWEST_REVISION, REVISIONS, alembic_version

_TABLE = re.compile(r'CREATE TABLE ("?)(\w+)\1\((.*)\)( WITHOUT ROWID)?', re.DOTALL)
# Alembic's own, and what `ANALYZE`, which other programs may have asked for, makes.
_OTHER_TABLES = {
    alembic_version.name: (
        "version_num VARCHAR(32) NOT NULL",
        "CONSTRAINT alembic_version_pkc PRIMARY KEY(version_num)",
    ),
    "sqlite_stat1": ("tbl", "idx", "stat"),
}


@dataclass(frozen=True)
class Statement:
    """A row of sqlite_master: what it makes ("table", "index", "view" or "trigger"), its name and table, its SQL."""

    kind: str
    name: str
    table: str
    sql: object


def require_our_schema(connection: Connection, path: str) -> None:
    """Raises `StoreError` if the schema of the file at `path` has anything that this program did not write.

    A schema that a newer release wrote is left to `stored_revision`, which says so; only its revision is read.
    """
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master")
    found = [Statement(str(row[0]), str(row[1]), str(row[2]), row[3]) for row in rows]
    version = [each for each in found if each.name == alembic_version.name]
    revision = None
    if version and next(_foreign_parts(version), None) is None:
        revision = connection.exec_driver_sql(f"SELECT version_num FROM {alembic_version.name}").scalar()
        if revision is not None and revision not in REVISIONS:
            return
    foreign = next(_foreign_parts(found), None)
    missing = next(_missing_parts(found), None) if revision == NEWEST_REVISION else None
    if foreign or missing:
        wrong = f"has {foreign}, which" if foreign else f"lacks {missing}, without which"
        raise StoreError(
            f"{path} {wrong} no results database {'has' if foreign else 'is'}, and was left as it is: a schema can "
            "act on whoever reads it. If you made that change yourself, undo it; else name another database."
        )


def _foreign_parts(statements: Iterable[Statement]) -> Iterator[str]:
    """What is in no schema of ours, in words."""
    tables, indices = _our_tables(), _our_indices()
    for found in statements:
        called = f"{'an' if found.kind == 'index' else 'a'} {_shown(found.kind)} {_shown(found.name)}"
        if found.kind == "index" and found.sql is None:
            # What SQLite itself makes for a primary key.
            if found.table not in tables or not re.fullmatch(rf"sqlite_autoindex_{found.table}_\d+", found.name):
                yield called
        elif found.kind == "index":
            if found.name not in indices or _plain(found.sql) != indices[found.name]:
                yield called
        elif found.kind != "table" or found.name not in tables or found.table != found.name:
            yield called
        else:
            parts = _parts(found)
            strange = None if parts is None else next((part for part in parts if part not in tables[found.name]), None)
            if parts is None or len(set(parts)) < len(parts):
                yield f"a table {_shown(found.name)} of another making"
            elif strange is not None:
                yield f"{_shown(strange)} in its table {_shown(found.name)}"


def _missing_parts(statements: Iterable[Statement]) -> Iterator[str]:
    """What the newest schema has and these statements, all of which are ours, lack, in words."""
    there = {found.name: found for found in statements}
    for name, parts in _our_tables().items():
        if name in METADATA.tables and name not in there:
            yield f"the table {name}"
        elif name in METADATA.tables:
            yield from (f"{part!r} in its table {name}" for part in parts if part not in (_parts(there[name]) or ()))
    yield from (f"the index {name}" for name in _our_indices() if name not in there)


@cache
def _our_tables() -> Mapping[str, tuple[str, ...]]:
    """Columns and constraints by table. Older schemas have some of them, in another order, and no others."""
    dialect = sqlite.dialect()
    made = {name: str(CreateTable(table).compile(dialect=dialect)) for name, table in METADATA.tables.items()}
    return {name: _parts(Statement("table", name, name, sql)) or () for name, sql in made.items()} | _OTHER_TABLES


@cache
def _our_indices() -> Mapping[str, str]:
    dialect = sqlite.dialect()
    return {
        str(index.name): _plain(str(CreateIndex(index).compile(dialect=dialect)))
        for table in METADATA.tables.values()
        for index in table.indexes
    }


def _parts(table: Statement) -> tuple[str, ...] | None:
    """The columns and constraints of a table, None where its statement is no plain one, or makes another table."""
    match = _TABLE.fullmatch(_plain(table.sql))
    return None if match is None or match[2] != table.name else tuple(_split(match[3]))


def _split(text: str) -> Iterator[str]:
    """The parts of a list between commas that stand in no parentheses."""
    depth, part = 0, ""
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            yield part
            part = ""
        else:
            part += sign
    yield part


def _plain(sql: object) -> str:
    """The statement with one blank at most wherever SQLite sees white space: what is equal then, means the same."""
    if not isinstance(sql, str):
        return ""
    return re.sub(r" ?([(,]) ?| (?=\))", r"\1", re.sub(r"[ \t\r\n]+", " ", sql)).strip(" ")


def _shown(text: str) -> str:
    """Text from the file for a message: short, and without signs that would act on a terminal."""
    return ascii(text)[1:-1][:60] if text.isidentifier() and text.isascii() else ascii(text)[:60]
