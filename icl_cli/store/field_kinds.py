"""The kinds of values that fields of runs have: how a person writes one, and what may be asked of it."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Relation = Callable[[Any, Any], bool]

EQUALITY: Mapping[str, Relation] = {"=": operator.eq, "!=": operator.ne}
ORDER: Mapping[str, Relation] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True, eq=False)
class Kind:
    """What one value of a field is.

    `allowed` says it to people, `read` makes it of what they write (ValueError if it is none), `stored` is its Python
    type, and `relations` are the operators that may stand before it, each with its meaning.
    """

    allowed: str
    read: Callable[[str], Any]
    stored: type | tuple[type, ...]
    relations: Mapping[str, Relation]


def _contains(value: str, part: str) -> bool:
    return part.casefold() in value.casefold()


def _number(text: str) -> float:
    number = float(text)
    if number != number:
        raise ValueError(text)
    return number


def _truth(text: str) -> bool:
    return {"true": True, "false": False, "yes": True, "no": False}[text.lower()]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _digits(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{1,64}", text.lower()):
        raise ValueError(text)
    return text.lower()


TEXT = Kind("text", str, str, EQUALITY | {"~": _contains})
WHOLE = Kind("a whole number", int, int, EQUALITY | ORDER)
NUMBER = Kind("a number", _number, (int, float), EQUALITY | ORDER)
TRUTH = Kind("true or false", _truth, bool, EQUALITY)
# Nobody means a microsecond, so that no moment equals another.
MOMENT = Kind("a UTC date or time such as 2025-06-01 or 2025-06-01T12:30", _moment, datetime, ORDER)
IDENTITY = Kind(
    "the first hexadecimal digits of an id",
    _digits,
    str,
    {"=": str.startswith, "!=": lambda value, digits: not value.startswith(digits)},
)


def choice(names: Sequence[str]) -> Kind:
    """One of a few names."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    return Kind(", ".join(names), read, str, EQUALITY)
