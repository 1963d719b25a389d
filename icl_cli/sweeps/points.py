"""The points of a grid: all combinations of its values, those left out, and those beside them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from icl_cli.value_problems import quoted

# Configuration values by path, and lists of them.
Values = Mapping[str, Any]
Lists = Mapping[str, Sequence[Any]]


def grid_points(grid: Lists, include: Sequence[Values], exclude: Sequence[Values]) -> Iterator[Values]:
    """The combinations of `grid` that no table of `exclude` matches, in the order of the file, then `include`.

    A grid without values has one combination, the empty one; beside points to include it has none.
    """
    if grid or not include:
        for combination in product(*grid.values()):
            values = dict(zip(grid, combination, strict=True))
            if not any(_matches(values, left_out) for left_out in exclude):
                yield values
    yield from include


def most_grid_points(grid: Lists, include: Sequence[Values]) -> int:
    """How many points there are before any is left out, without making them."""
    combinations = math.prod(len(values) for values in grid.values()) if grid or not include else 0
    return combinations + len(include)


def require_grid_points(grid: Lists, include: Sequence[Values], exclude: Sequence[Values]) -> None:
    """Raises ValueError for a table of `exclude` that matches no combination, and if no point is left."""
    for left_out in exclude:
        _require_match(grid, left_out)
    if next(grid_points(grid, include, exclude), None) is None:
        raise ValueError("exclude: nothing of the grid is left; leave out less, or include points beside the grid")


def _require_match(grid: Lists, left_out: Values) -> None:
    if not left_out:
        raise ValueError("exclude: an empty table given; say which values to leave out")
    for path, value in left_out.items():
        if path not in grid:
            raise ValueError(f"exclude: {path!r} given, which the grid lacks; it has {', '.join(grid) or 'none'}")
        if not any(_same(value, one) for one in grid[path]):
            raise ValueError(
                f"exclude: {path} = {quoted(value)} matches nothing; the grid's values are {quoted(list(grid[path]))}"
            )


def _matches(values: Values, left_out: Values) -> bool:
    return all(_same(values[path], value) for path, value in left_out.items())


def _same(first: Any, second: Any) -> bool:
    """Equality in which true is not 1."""
    return first == second and isinstance(first, bool) == isinstance(second, bool)
