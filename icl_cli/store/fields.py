"""What can be asked of a run: its configuration and its outcome, every value by name and kind."""

import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from icl_cli.config import RunConfig
from icl_cli.errors import UsageError
from icl_cli.store.field_kinds import IDENTITY, MOMENT, NUMBER, TEXT, TRUTH, WHOLE, Kind, choice
from icl_cli.store.records import RunStatus

RATIO = ".ratio"
MOST_NEAR = 3


class Origin(StrEnum):
    """Where the database has a value."""

    RUN = "run"
    CONFIGURATION = "configuration"
    LOSS = "loss"
    TAGS = "tags"
    RATIO = "ratio"


@dataclass(frozen=True)
class Field:
    """One value of a run, of which there may be `several`, or none if it is `optional`.

    `name` is its column, its path in the configuration or, for the ratio of the run's loss to a baseline's, that
    baseline's name.
    """

    name: str
    origin: Origin
    kind: Kind
    optional: bool = False
    several: bool = False


_OUTCOMES: Mapping[str, Field] = {
    "id": Field("id", Origin.RUN, IDENTITY),
    "family": Field("family", Origin.RUN, IDENTITY),
    "name": Field("name", Origin.RUN, TEXT),
    "status": Field("status", Origin.RUN, choice([status.value for status in RunStatus])),
    "step": Field("step", Origin.RUN, WHOLE),
    "attempt": Field("attempt", Origin.RUN, WHOLE),
    "seconds": Field("training_seconds", Origin.RUN, NUMBER),
    "created": Field("created_at", Origin.RUN, MOMENT),
    "started": Field("started_at", Origin.RUN, MOMENT),
    "finished": Field("finished_at", Origin.RUN, MOMENT, optional=True),
    "error": Field("error", Origin.RUN, TEXT, optional=True),
    "note": Field("note", Origin.RUN, TEXT, optional=True),
    "loss": Field("held_out_loss", Origin.LOSS, NUMBER, optional=True),
    "tag": Field("tag", Origin.TAGS, TEXT, several=True),
}


def find_field(name: str, baselines: Iterable[str]) -> Field:
    """The field that a person calls `name`: one of the outcome, a path of the configuration, or the end of one path.

    `baselines` are those with which runs were compared: each makes a field BASELINE.ratio. Raises `UsageError` naming
    the nearest fields.
    """
    compared = dict.fromkeys(baselines)
    if name.endswith(RATIO):
        return _ratio(name, list(compared))
    known = named_fields()
    if name not in known:
        candidates = [*known, *(f"{each}{RATIO}" for each in compared)]
        near = get_close_matches(name.lower(), candidates, n=MOST_NEAR, cutoff=0.4)
        same_end = [path for path in settings() if path.endswith(f".{name.rpartition('.')[2]}")]
        nearest = f" Nearest: {', '.join(same_end or near)}." if same_end or near else ""
        raise UsageError(
            f"Unknown field {name!r}.{nearest} Allowed: {', '.join(_OUTCOMES)}, BASELINE{RATIO}, and every setting "
            "that `icl train --dry-run` shows."
        )
    return known[name]


@cache
def named_fields() -> Mapping[str, Field]:
    """Every field but the ratios by each of its names; the outcome's come before ends of paths that are alike."""
    paths = settings()
    ends = [path.rpartition(".")[2] for path in paths]
    short = {end: paths[path] for path, end in zip(paths, ends, strict=True) if ends.count(end) == 1}
    return {**short, **paths, **_OUTCOMES}


def shortest_name(path: str) -> str:
    """The end of a configuration's path where that means it alone, else the whole path: both are fields."""
    end = path.rpartition(".")[2]
    return end if end in named_fields() and named_fields()[end].name == path else path


@cache
def settings() -> Mapping[str, Field]:
    """Every value of a configuration by its dotted path."""
    return {field.name: field for field in _settings_of(RunConfig, "")}


def _settings_of(model: type[BaseModel], prefix: str) -> Iterable[Field]:
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from _settings_of(info.annotation, f"{prefix}{name}.")
        else:
            plain, optional = _without_none(info.annotation)
            several = get_origin(plain) is tuple
            kind = _kind(get_args(plain)[0] if several else plain)
            yield Field(f"{prefix}{name}", Origin.CONFIGURATION, kind, optional, several)


def _without_none(annotation: Any) -> tuple[Any, bool]:
    """The type itself, and whether None may stand in its place."""
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    plain = next(member for member in members if member is not types.NoneType)
    return get_args(plain)[0] if get_origin(plain) is Annotated else plain, types.NoneType in members


def _kind(annotation: Any) -> Kind:
    if get_origin(annotation) is Literal:
        return choice(get_args(annotation))
    return {bool: TRUTH, int: WHOLE, float: NUMBER, str: TEXT}[annotation]


def _ratio(name: str, compared: list[str]) -> Field:
    baseline = name.removesuffix(RATIO)
    if baseline not in compared:
        near = get_close_matches(baseline, compared, n=1)
        meant = f" Did you mean '{near[0]}{RATIO}'?" if near else ""
        there = f"Compared with so far: {', '.join(compared) or 'nothing'}."
        raise UsageError(
            f"Unknown field {name!r}: no run was compared with {baseline!r}.{meant} {there} "
            "More by `icl compare RUN --baseline BASELINE`, or --with RUN."
        )
    return Field(baseline, Origin.RATIO, NUMBER, optional=True)
