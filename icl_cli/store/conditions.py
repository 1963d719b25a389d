"""Conditions on runs, as a person writes them: `layers=5`, `loss<0.12`, `name~loop`. They are read, never evaluated."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from icl_cli.errors import UsageError
from icl_cli.store.field_kinds import EQUALITY, ORDER
from icl_cli.store.fields import Field
from icl_cli.store.wording import unreadable
from icl_cli.value_problems import quoted

NONE = "none"
OPERATORS = (*EQUALITY, *ORDER, "~")
_SHAPE = re.compile(r"\s*([^=!<>~]+?)\s*(==|!=|<=|>=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """`field` stands in the relation `sign` to `wanted`; None asks whether there is a value at all."""

    field: Field
    sign: str
    wanted: Any

    def holds(self, value: Any) -> bool:
        """Whether it holds of a run's `value`, which is a tuple where the field has several.

        A run without the value is only different from others. Of several values one must be it, none if it is `!=`.
        """
        if self.field.several:
            return self._holds_of_several(value)
        if self.wanted is None or value is None:
            return EQUALITY[self.sign](value, self.wanted) if self.sign in EQUALITY else False
        return self.field.kind.relations[self.sign](value, self.wanted)

    def _holds_of_several(self, values: tuple[Any, ...]) -> bool:
        if self.wanted is None:
            return (not values) == (self.sign == "=")
        combine = all if self.sign == "!=" else any
        return combine(self.field.kind.relations[self.sign](value, self.wanted) for value in values)


def parse_condition(text: str, find: Callable[[str], Field]) -> Condition:
    """The condition that `text` says; `find` knows the fields.

    Raises `UsageError` for another shape, an operator that the field does not have, or a value of another kind.
    """
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{quoted(text)} is no condition. Write FIELD, one of {' '.join(OPERATORS)}, and a value: 'loss<0.12'."
        )
    name, sign, value = found.groups()
    field, sign = find(name), sign.replace("==", "=")
    if value == NONE and (field.optional or field.several):
        _require_sign(name, sign, EQUALITY)
        return Condition(field, sign, None)
    _require_sign(name, sign, field.kind.relations)
    return Condition(field, sign, _read(name, field, value))


def checked_value(field: Field, value: Any, run_id: str) -> Any:
    """`value` of the database. Raises `StoreError` if it is of another kind than the field, and cannot be compared."""
    members = value if field.several else (value,)
    for member in members:
        is_truth = isinstance(member, bool) and field.kind.stored is not bool
        if (member is not None and not isinstance(member, field.kind.stored)) or is_truth:
            raise unreadable(run_id, f"{field.name} is {quoted(member)}")
    return value


def _require_sign(name: str, sign: str, allowed: Mapping[str, Any]) -> None:
    if sign not in allowed:
        raise UsageError(f"{name} cannot be asked with {sign!r}. Allowed: {' '.join(allowed)}.")


def _read(name: str, field: Field, value: str) -> Any:
    try:
        if not value:
            raise ValueError(value)
        return field.kind.read(value)
    except (ValueError, KeyError, OverflowError) as error:
        absent = f", or {NONE}" if field.optional or field.several else ""
        raise UsageError(f"{name}: {quoted(value)} given; allowed: {field.kind.allowed}{absent}.") from error
