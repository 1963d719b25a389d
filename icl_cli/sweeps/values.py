"""The values that the tables of a sweep file hold: names, seeds, and configuration values by their path."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from icl_cli.conventions import flat, require_known
from icl_cli.errors import ConfigError
from icl_cli.value_problems import quoted

MOST_SEEDS = 1000
LARGEST_SEED = 2**32 - 1
LONGEST_WORD = 200
# What decides all configuration values that are not given, and is none itself.
_BESIDE = ("recipe", "convention")


def near(given: str, allowed: list[str]) -> str:
    """What to add to a message about an unknown word: the allowed one that it may have been meant to be."""
    # Of very long words nobody has misspelt a short one, and comparing them takes long.
    found = get_close_matches(given, allowed, n=1) if len(given) <= LONGEST_WORD else []
    return f"; did you mean {found[0]!r}?" if found else ""


def flat_settings(value: Any) -> Any:
    """TOML tables within tables as one table of dotted paths; anything else as it is, for pydantic to refuse.

    Raises ValueError for a path that no configuration has, for the seed's, and for one that is given twice, as in
    `{ model = { layers = 1 }, "model.layers" = 2 }`.
    """
    if not isinstance(value, Mapping):
        return value
    paths = flat(value)
    if len(paths) < _leaves(value):
        raise ValueError(f"{quoted(value)} given; each configuration key must be there once")
    _require_known(paths)
    return paths


def _leaves(value: Any) -> int:
    return sum(map(_leaves, value.values())) if isinstance(value, Mapping) else 1


def _require_known(paths: Mapping[str, Any]) -> None:
    if "seed" in paths:
        raise ValueError("'seed' given among configuration values; the key `seeds` says which seeds to train")
    for path in paths:
        key = path.rpartition(".")[2]
        if key in _BESIDE:
            raise ValueError(f"{path!r} given among configuration values; {key!r} is a key of its own beside them")
    try:
        require_known(paths)
    except ConfigError as error:
        # A key of the file itself, such as `seeds`, belongs to the table above it unless it stands before all tables.
        hint = "" if all("." in path for path in paths) else " Keys of the sweep itself stand above the first [table]"
        raise ValueError(f"{error}{hint}".removesuffix(".")) from error


def _filled(grid: dict[str, list[Any]]) -> dict[str, list[Any]]:
    for path, values in grid.items():
        if not values:
            raise ValueError(f"{path!r} is an empty list, so that the grid has no point; give it values or remove it")
    return grid


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"{quoted(text)} given; allowed are printable characters, on one line")
    return text


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError(f"{quoted(text)} given; a name has a character that can be seen")
    return text


def _without_controls(text: str) -> str:
    _printable(text.replace("\n", " ").replace("\t", " "))
    return text


def _seeds(value: Any) -> Any:
    """A count as it is, a list as a tuple. Raises ValueError for everything else."""
    if isinstance(value, list | tuple):
        if all(map(_is_seed, value)) and len(value) == len(set(value)) in range(1, MOST_SEEDS + 1):
            return tuple(value)
    elif type(value) is int and 1 <= value <= MOST_SEEDS:
        return value
    raise ValueError(
        f"{quoted(value)} given; allowed are a count from 1 to {MOST_SEEDS}, or a list of as many different seeds, "
        f"each from 0 to {LARGEST_SEED}"
    )


def _is_seed(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_SEED


# Text on one line that a terminal shows as it is.
Line = Annotated[str, AfterValidator(_printable)]
# The same, of several lines.
Lines = Annotated[str, AfterValidator(_without_controls)]
Name = Annotated[Line, Field(min_length=1, max_length=80), AfterValidator(_visible)]
# How many seeds, from 0 on, or which.
Seeds = Annotated[int | tuple[int, ...], BeforeValidator(_seeds)]
# Configuration values by path.
Settings = Annotated[dict[str, Any], BeforeValidator(flat_settings)]
# Lists of them.
Grid = Annotated[dict[str, list[Any]], BeforeValidator(flat_settings), AfterValidator(_filled)]
