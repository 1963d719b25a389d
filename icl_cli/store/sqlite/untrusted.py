"""Does every column of a file hold what it should? In SQLite any column can hold any type."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Double, Integer, LargeBinary, String, Table

from icl_cli.store.nonfinite import NONFINITE_SUFFIX
from icl_cli.store.problem import Problem
from icl_cli.store.records import SHORT_ID_DIGITS
from icl_cli.store.schema import METADATA, UtcDateTime

# ISO 8601 as SQLAlchemy writes it; whether there is such a day shows when it is read.
_MOMENT = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]"
_LARGEST = 2**31 - 1


def mistyped_rows(connection: Connection) -> Iterator[Problem]:
    """A row for every column of our newest schema that holds what it must not: another type, too much, no value."""
    driver: Any = connection.connection.driver_connection
    driver.create_function("is_printable", 1, _is_printable, deterministic=True)
    connection.exec_driver_sql("PRAGMA cell_size_check = ON")
    for table in METADATA.sorted_tables:
        owner = "run_id" if "run_id" in table.columns else "id"
        for column in table.columns:
            query = f'SELECT "{owner}" FROM "{table.name}" WHERE NOT coalesce({_condition(column)}, 0) LIMIT 1'
            row = connection.exec_driver_sql(query).first()
            if row is not None:
                text = f"{_owner(table, row[0])}a row of {table.name} has a {column.name} that is not allowed."
                yield Problem(table.name, row[0] if _is_printable(row[0]) else "", text)


def _owner(table: Table, identity: object) -> str:
    """Whose row it is, as far as its id can be told."""
    if not isinstance(identity, str) or not _is_printable(identity):
        return ""
    kind = "run" if "run_id" in table.columns else table.name.removesuffix("s")
    return f"{kind.capitalize()} {identity[:SHORT_ID_DIGITS]}: "


def _is_printable(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


def _condition(column: Column) -> str:
    """What SQL says of a value that may be in this column."""
    name = f'"{column.name}"'
    condition = _type_condition(column, name)
    if column.name.endswith(NONFINITE_SUFFIX):
        condition = f"{name} IN ('nan', 'inf', '-inf')"
    return f"({name} IS NULL OR {condition})" if column.nullable else f"({condition})"


def _type_condition(column: Column, name: str) -> str:
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return f"typeof({name}) = 'text' AND {name} GLOB '{_MOMENT}'"
    if isinstance(kind, Integer):
        # A negative step, attempt or number of tasks means nothing.
        return f"typeof({name}) = 'integer' AND {name} BETWEEN 0 AND {_LARGEST}"
    if isinstance(kind, Double):
        # What SQLite reads as infinity: that is stored in a number's second column, and no x is infinite.
        return f"typeof({name}) = 'real' AND {name} > -9e999 AND {name} < 9e999"
    if isinstance(kind, LargeBinary):
        return f"typeof({name}) = 'blob'"
    # Of AnyText too; PostgreSQL has no NUL.
    text = f"typeof({name}) = 'text' AND instr({name}, char(0)) = 0"
    if isinstance(kind, String) and kind.length:
        # Short text is printed: no sign of it may act on a terminal, or hide what follows.
        return f"{text} AND length({name}) <= {kind.length} AND is_printable({name})"
    return text
