"""A sweep as a TOML file: which runs to train, what to measure of them, what to draw, and what is claimed.

    name = "looped"
    title = "One looped layer against GD++"
    seeds = 5

    [[runs]]
    label = "looped"
    settings = { model.layers = 2, model.recurrent = true }
    baselines = ["gd", "gd++"]
    snapshots = "all"

    [[claims]]
    sentence = "The looped layer is closer to GD++ than to GD."
    measure = "cosine"
    run = "looped"
    baseline = "gd++"
    versus = { baseline = "gd" }
    operator = ">"
    bound = 0

Nothing in a file is executed. `settings` and `grid` hold configuration values by their path, as `icl train --dry-run`
lists them; `quick` says what is different in a quick reproduction.
"""

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from icl_cli.config import FrozenConfig, config_error
from icl_cli.errors import ConfigError, IclError
from icl_cli.sweeps.claim import ClaimSpec, flat_settings
from icl_cli.sweeps.figure_spec import FigureSpec

QUICK_SEEDS = 3
MOST_SEEDS = 1000

Name = Annotated[str, Field(min_length=1, max_length=80)]
Settings = Annotated[dict[str, Any], BeforeValidator(flat_settings)]
Grid = Annotated[dict[str, list[Any]], BeforeValidator(flat_settings)]
Seeds = Annotated[int, Field(ge=1, le=MOST_SEEDS)]


class QuickSpec(FrozenConfig):
    """How a quick reproduction trains these runs: by the fast recipe, or as `recipe` and `settings` say."""

    recipe: str = "fast"
    settings: Settings = Field(default_factory=dict)
    grid: Grid | None = None


class RunsSpec(FrozenConfig):
    """Runs under one label: one configuration for each point of `grid`, all seeds of each.

    **Fields**: `with_runs` names runs of the same file to compare these with, seed by seed; `snapshots` says whether
    comparisons are made of the last weights or of all that were kept; `minutes` is what all of it took on two cores.
    """

    label: Name
    convention: str | None = None
    recipe: str | None = None
    settings: Settings = Field(default_factory=dict)
    grid: Grid = Field(default_factory=dict)
    seeds: Seeds | None = None
    baselines: tuple[str, ...] = ()
    with_runs: Name | None = None
    snapshots: Literal["last", "all"] = "last"
    curves: bool = True
    analyses: tuple[str, ...] = ()
    minutes: float = Field(default=1.0, gt=0)
    quick: QuickSpec = QuickSpec()


class Sweep(FrozenConfig):
    """A whole file.

    `source` is the place in the paper; `note` says which settings it follows where text and code differ.
    """

    name: Name
    title: str
    source: str = ""
    note: str = ""
    seeds: Seeds = 1
    runs: tuple[RunsSpec, ...]
    figure: FigureSpec = FigureSpec()
    claims: tuple[ClaimSpec, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        labels = [runs.label for runs in self.runs]
        if not labels:
            raise ValueError("runs: none given; add a [[runs]] table")
        if len(set(labels)) < len(labels):
            raise ValueError(f"runs: labels {', '.join(labels)} given; each must be there once")
        for used in self._used_labels():
            if used not in labels:
                raise ValueError(
                    f"run {used!r} is not in this file; its runs are {', '.join(labels)}{_near(used, labels)}"
                )
        return self

    def _used_labels(self) -> list[str]:
        claimed = [label for claim in self.claims for label in claim.labels]
        drawn = [label for panel in self.figure.panels for label in panel.runs]
        return [*claimed, *drawn, *(runs.with_runs for runs in self.runs if runs.with_runs)]

    def labelled(self, label: str) -> RunsSpec:
        """The runs of that label, which the file has."""
        return next(runs for runs in self.runs if runs.label == label)


def read_sweep(path: Path) -> Sweep:
    """The sweep in the file at `path`. Raises `ConfigError` naming the file and its first problem."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise IclError(f"Cannot read {path}: {error.strerror or error}. Give a sweep file (TOML).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML file: {error}.") from error
    try:
        # By way of JSON, whose arrays may be tuples; TOML's dates, which no key takes, become text.
        return Sweep.model_validate_json(json.dumps(content, default=str))
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explained(error)}") from error


def _explained(error: ValidationError) -> str:
    """The first problem; an unknown key with the nearest one that is allowed there."""
    unknown = [one["loc"] for one in error.errors(include_url=False) if one["type"] == "extra_forbidden"]
    if not unknown:
        return str(config_error(error))
    # Before a key that is missing, for it may be the same one, misspelt.
    *where, key = unknown[0]
    known = _fields(where)
    return f"unknown key {'.'.join(map(str, unknown[0]))!r}{_near(str(key), known)}. Allowed: {', '.join(known)}."


def _fields(where: list[Any]) -> list[str]:
    """The keys that the table at `where` may have."""
    kind: Any = Sweep
    for part in where:
        if isinstance(part, str):
            annotation = kind.model_fields[part].annotation
            kind = next(
                one for one in (annotation, *getattr(annotation, "__args__", ())) if hasattr(one, "model_fields")
            )
    return sorted(kind.model_fields)


def _near(given: str, allowed: list[str]) -> str:
    near = get_close_matches(given, allowed, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
