"""What pydantic finds wrong with a value, in the words of a person who types commands and sweep files."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

LONGEST_QUOTE = 100
DEEPEST_QUOTE = 5
_WORDS = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length}",
    "too_short": "must not be empty",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_long": "must not be longer than {max_length}",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "greater_than_equal": "must be at least {ge:.10g}",
    "greater_than": "must be more than {gt:.10g}",
    "less_than_equal": "must be at most {le:.10g}",
    "less_than": "must be less than {lt:.10g}",
    "literal_error": "must be {expected}",
}


def explained(name: str, problem: Mapping[str, Any]) -> str:
    """One of the `errors()` of a pydantic `ValidationError`, about the value called `name`, with what was given."""
    kind = problem["type"]
    if kind == "missing":
        return f"{name} is missing; add it"
    phrase = _WORDS[kind].format_map(problem.get("ctx", {})) if kind in _WORDS else _own_words(problem["msg"])
    return f"{name} {phrase}, given {quoted(problem['input'])}"


def _own_words(message: str) -> str:
    """Pydantic's message after a name: `Input should be ...`, one of a few words, or a sentence of another kind."""
    one_of = re.fullmatch(r"Value error, .* is not one of (.+)\.", message, re.DOTALL)
    if one_of:
        return f"must be one of {one_of[1]}"
    if message.startswith("Input should "):
        return message.replace("Input should", "must", 1)
    return f"is not allowed: {message[0].lower()}{message[1:]}"


def quoted(value: Any) -> str:
    """`value` as a message quotes it: on one line, and not all of it where it is long."""
    text = _written(value, DEEPEST_QUOTE)
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def _written(value: Any, depth: int) -> str:
    """As a sweep file has it; tables and lists within others only to some `depth`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        return repr(value)
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key} = {_written(each, depth - 1)}" for key, each in value.items())
        return f"{{ {inside} }}" if value else "{}"
    return f"[{', '.join(_written(each, depth - 1) for each in value)}]"
