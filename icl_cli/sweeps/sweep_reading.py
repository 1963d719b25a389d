"""Reading sweep files, which people write by hand: whatever is wrong with one is said in one line."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from icl_cli.errors import ConfigError, UsageError, placed, told_of
from icl_cli.sweeps.contradictions import require_no_contradiction
from icl_cli.sweeps.file_places import place_of
from icl_cli.sweeps.runs_spec import RunsBody
from icl_cli.sweeps.sweep_file import ShortSweep, Sweep
from icl_cli.sweeps.values import near
from icl_cli.value_problems import explained, quoted

MOST_BYTES = 1_000_000
_LISTS_OF_TABLES = ("runs", "include", "exclude", "claims", "panels")
# Python's parser takes time and memory that grow with the square of the parts of a key.
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){30}""")


def read_sweep(path: Path) -> Sweep:
    """The sweep in the file at `path`. Raises as `parse_sweep`, and `UsageError` for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror or error}. Give a sweep file (TOML).") from error
    if len(content) > MOST_BYTES:
        raise ConfigError(f"{path} is larger than {MOST_BYTES // 10**6} MB, which no sweep needs. Give a sweep file.")
    return parse_sweep(content, str(path))


def parse_sweep(content: bytes, source: str) -> Sweep:
    """The sweep that a file's `content` means. Raises `ConfigError` naming `source` and the first problem."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        if _LONG_KEY.search(text):
            raise ConfigError(f"{source} has a key of 30 parts or more. Configuration keys have two.")
        tables = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"0x{content[error.start]:02x} in line {line}"
        raise ConfigError(f"{source}: byte {byte} is no UTF-8 text. Save the file as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source} is no TOML file: {_line(str(error))}.") from error
    return sweep_of(tables, source)


def sweep_of(tables: Mapping[str, Any], source: str) -> Sweep:
    """The sweep that parsed TOML means, in either form. Raises `ConfigError` as `parse_sweep`."""
    short = [key for key in tables if key in RunsBody.model_fields]
    if short and "runs" in tables:
        raise ConfigError(
            f"{source}: [[runs]] given, and {', '.join(short)} above them; put these into the [[runs]] tables, or "
            "leave [[runs]] out."
        )
    form = ShortSweep if short else Sweep
    try:
        # By way of JSON, whose arrays may be tuples; TOML's dates, which no key takes, become text.
        sweep = form.model_validate_json(json.dumps(tables, default=str))
        whole = sweep.in_full() if isinstance(sweep, ShortSweep) else sweep
    except ValidationError as error:
        message = _line(_explained(error, form, tables))
        raise ConfigError(f"{source}: {message}{'' if message.endswith('?') else '.'}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source} has a value that is too large or too deep: {_line(str(error))}.") from error
    with told_of(source):
        require_no_contradiction(whole)
    return whole


def _explained(error: ValidationError, form: type[Sweep] | type[ShortSweep], tables: Mapping[str, Any]) -> str:
    """The first problem; an unknown key with the nearest one that is allowed there."""
    problems = error.errors(include_url=False, include_input=True)
    unknown = [one["loc"] for one in problems if one["type"] == "extra_forbidden"]
    if unknown:
        # Before a key that is missing, for it may be the same one, misspelt.
        *where, key = unknown[0]
        known = _fields(form, where)
        return placed(place_of(where, tables), _unknown(str(key), known))
    first = problems[0]
    if first["type"] == "missing":
        *where, key = first["loc"]
        return placed(place_of(where, tables), explained(str(key), first))
    place = place_of(first["loc"], tables)
    if first["type"] == "value_error":
        return placed(place, first["msg"].removeprefix("Value error, "))
    return explained(place or "the file", first) + _as_tables(first)


def _as_tables(problem: Mapping[str, Any]) -> str:
    """How a list of tables is written, where one table was given for it."""
    is_one = problem["type"] in ("list_type", "tuple_type") and isinstance(problem["input"], Mapping)
    names = ".".join(part for part in problem["loc"] if isinstance(part, str))
    return f"; write [[{names}]] in place of [{names}]" if is_one and problem["loc"][-1] in _LISTS_OF_TABLES else ""


def _unknown(key: str, known: list[str]) -> str:
    return f"unknown key {quoted(key)}{near(key, known) or '.'} Allowed: {', '.join(known)}"


def _fields(form: type[Sweep] | type[ShortSweep], where: Sequence[Any]) -> list[str]:
    """The keys that the table at `where` may have."""
    if not where:
        return sorted({*Sweep.model_fields, *ShortSweep.model_fields})
    kind: Any = form
    for part in where:
        if isinstance(part, str):
            annotation = kind.model_fields[part].annotation
            kind = next(
                one for one in (annotation, *getattr(annotation, "__args__", ())) if hasattr(one, "model_fields")
            )
    return sorted(kind.model_fields)


def _line(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")
