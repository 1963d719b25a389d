"""Numbers that survive the database: SQLite stores NaN as NULL, and a diverged loss must stay NaN.

The number `value` has two columns: `value`, NULL unless finite, and `value_nonfinite`: "nan", "inf", "-inf" or NULL.
"""

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Double, String

from icl_cli.store.wording import senseless

NONFINITE_SUFFIX = "_nonfinite"
MARKS = ("nan", "inf", "-inf")


def number_columns(name: str) -> tuple[Column[float], Column[str]]:
    """The two nullable columns of the number `name`."""
    return Column(name, Double), Column(f"{name}{NONFINITE_SUFFIX}", String(4))


def encode(name: str, number: float | None) -> dict[str, float | str | None]:
    """The values of the number's two columns; None makes both NULL."""
    # NumPy's float32 is no Python float: the sqlite3 module would store its bytes.
    plain = None if number is None else float(number)
    if plain is None or math.isfinite(plain):
        return {name: plain, f"{name}{NONFINITE_SUFFIX}": None}
    return {name: None, f"{name}{NONFINITE_SUFFIX}": str(plain)}


def decode(row: Mapping[Any, Any], name: str) -> float | None:
    """The inverse of `encode` for one row; None if both columns are NULL. Raises `StoreError` for another mark."""
    mark = row[f"{name}{NONFINITE_SUFFIX}"]
    if mark is None:
        return row[name]
    if mark not in MARKS:
        raise senseless("mark of a number that is not finite", mark)
    return float(mark)


def decode_required(row: Mapping[Any, Any], name: str) -> float:
    """As `decode`, for a number that is always there: a pair of NULLs, which `encode` never writes for one, is NaN."""
    number = decode(row, name)
    return math.nan if number is None else number
