"""The rows of a frame one by one."""

from collections.abc import Iterable
from typing import Any

import pandas


def rows_of(frame: pandas.DataFrame) -> Iterable[Any]:
    """The rows, each with its columns as attributes, of which no type checker knows the names."""
    return frame.itertuples()
