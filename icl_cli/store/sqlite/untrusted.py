"""A database file from anybody: does every column hold what it should? In SQLite any column can hold any type."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Column, Double, Integer, LargeBinary, String

from icl_cli.errors import StoreError
from icl_cli.store.nonfinite import NONFINITE_SUFFIX
from icl_cli.store.schema import METADATA, UtcDateTime

# ISO 8601 as SQLAlchemy writes it; whether there is such a day shows when it is read.
_MOMENT = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]"
_LARGEST = 2**31 - 1


def require_typed_rows(path: Path) -> None:
    """Raises `StoreError` if a column of our newest schema holds what it must not: another type, too much, no value."""
    try:
        with closing(_connect(path)) as connection:
            for table in METADATA.sorted_tables:
                for column in table.columns:
                    query = f'SELECT 1 FROM "{table.name}" WHERE NOT coalesce({_condition(column)}, 0) LIMIT 1'
                    if connection.execute(query).fetchone() is not None:
                        raise StoreError(f"a row of {table.name} has a {column.name} that is not allowed")
    except sqlite3.Error as error:
        raise StoreError(f"it is damaged ({' '.join(str(error).split())})") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.create_function("is_printable", 1, _is_printable, deterministic=True)
    return connection


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
        return f"typeof({name}) = 'real' AND {_range(column, name)}"
    if isinstance(kind, LargeBinary):
        return f"typeof({name}) = 'blob'"
    # Of AnyText too; PostgreSQL has no NUL.
    text = f"typeof({name}) = 'text' AND instr({name}, char(0)) = 0"
    if isinstance(kind, String) and kind.length:
        # Short text is printed: no sign of it may act on a terminal, or hide what follows.
        return f"{text} AND length({name}) <= {kind.length} AND is_printable({name})"
    return text


def _range(column: Column, name: str) -> str:
    """Infinity is stored in a number's second column, which only the place of a point on its curve lacks."""
    if column.primary_key:
        return "1"
    # What SQLite reads as infinity; time that was spent is never less than none.
    least = f"{name} >= 0" if column.name == "training_seconds" else f"{name} > -9e999"
    return f"{least} AND {name} < 9e999"
