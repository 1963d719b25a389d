"""Where in a sweep file something stands, as messages say it: `claim 2 ("It learns."), versus.at`."""

from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_NAME = 40
# What one table of a list is called, and which of its keys tells it from the others.
_TABLES = {"claims": ("claim", "sentence"), "runs": ("runs", "label"), "panels": ("panel", "kind")}


def claim_place(index: int, sentence: str) -> str:
    """The claim at this `index`: people count from 1."""
    return _table("claims", index, {"sentence": sentence})


def runs_place(index: int, label: str) -> str:
    """The [[runs]] table at this `index`."""
    return _table("runs", index, {"label": label})


def panel_place(index: int, kind: str) -> str:
    """The [[figure.panels]] table at this `index`."""
    return _table("panels", index, {"kind": kind})


def place_of(where: Sequence[str | int], tables: Mapping[str, Any]) -> str:
    """The place that `where` leads to in parsed `tables`, as far as these go; empty for the whole file.

    A configuration value stands there by its dotted path.
    """
    places: list[str] = []
    keys: list[str] = []
    inside: Any = tables
    for part in where:
        if isinstance(inside, Sequence) and isinstance(part, int):
            inside = inside[part]
            places.append(_table(keys[-1], part, inside))
            keys.clear()
        elif isinstance(inside, Mapping) and isinstance(part, str) and (part in inside or "." in part):
            inside = inside.get(part)
            keys.append(_short(part))
        else:
            # What follows is no part of the file: which of several types was tried.
            break
    return ", ".join([*places, ".".join(keys)]).removesuffix(", ")


def _table(key: str, index: int, table: Any) -> str:
    word, naming = _TABLES.get(key, (key, ""))
    if not isinstance(table, Mapping):
        return f"{key}, value {index + 1}"
    name = table.get(naming)
    return f"{word} {index + 1}" + (f' ("{_short(name)}")' if name and isinstance(name, str) else "")


def _short(text: str) -> str:
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME].rstrip()}…"
