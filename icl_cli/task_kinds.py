"""The kinds of tasks by name, and what each asks of a configuration beyond the fields that all tasks have.

A kind that has no entry in `TASK_RULES` has no fields of its own and allows every value of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

TaskKind = Literal["linear", "sine"]
TASK_KINDS: tuple[str, ...] = get_args(TaskKind)


@dataclass(frozen=True)
class TaskRules:
    """How a kind of task is validated.

    **Fields**: `own_fields` are fields of the configuration that tasks of this kind must give and others, unless they
    name them too, must not; `fixed` are the only values that it allows of other fields; `increasing` are pairs of
    fields of which the first must be less than the second.
    """

    own_fields: tuple[str, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    increasing: tuple[tuple[str, str], ...] = ()


TASK_RULES: Mapping[str, TaskRules] = {
    "sine": TaskRules(
        own_fields=("amplitude_low", "amplitude_high", "phase_draw"),
        fixed={"input_size": 1, "output_size": 1, "teacher_scale": 1.0},
        increasing=(("amplitude_low", "amplitude_high"),),
    )
}


def require_task(kind: str, values: Mapping[str, Any]) -> None:
    """Raises ValueError for the first of a task's `values`, by field, that tasks of this `kind` may not have."""
    rules = TASK_RULES.get(kind, TaskRules())
    _require_own_fields(kind, rules, values)
    for name, allowed in rules.fixed.items():
        if values[name] != allowed:
            raise ValueError(f"task.{name}: {values[name]} given for a {kind} task; allowed is {allowed}")
    for low, high in rules.increasing:
        if values[low] >= values[high]:
            raise ValueError(f"task.{low}: {values[low]} given with {high} {values[high]}; it must be less")


def _require_own_fields(kind: str, rules: TaskRules, values: Mapping[str, Any]) -> None:
    """Raises ValueError for a field of another kind that is given, and for one of this kind that is not."""
    for name in dict.fromkeys(name for each in TASK_RULES.values() for name in each.own_fields):
        is_given = values[name] is not None
        if is_given and name not in rules.own_fields:
            raise ValueError(
                f"task.{name}: {values[name]!r} given for a {kind} task; only {_owners(name)} tasks have it"
            )
        if not is_given and name in rules.own_fields:
            raise ValueError(f"task.{name}: none given for a {kind} task; give one")


def _owners(name: str) -> str:
    return " and ".join(kind for kind, rules in TASK_RULES.items() if name in rules.own_fields)
