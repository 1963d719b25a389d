"""From a sweep's runs to configurations: a point for each combination of the grid, and all seeds of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.sweeps.sweep_file import QUICK_SEEDS, RunsSpec, Sweep

# A quick reproduction measures less often; the tasks that it is measured on are the same.
QUICK_EVALUATION = {"evaluation.points": 40, "evaluation.snapshots": 12}


@dataclass(frozen=True)
class Point:
    """One configuration of a grid: the values that set it apart, and the configuration for each seed."""

    values: Mapping[str, Any]
    configs: tuple[RunConfig, ...]


def expand(sweep: Sweep, runs: RunsSpec, quick: bool) -> list[Point]:
    """Every point of `runs`, in the order of the file. Raises `ConfigError` for a path or value that does not exist."""
    grid = runs.quick.grid if quick and runs.quick.grid is not None else runs.grid
    seeds = runs.seeds or sweep.seeds
    seeds = min(seeds, QUICK_SEEDS) if quick else seeds
    return [_point(runs, dict(zip(grid, values, strict=True)), seeds, quick) for values in product(*grid.values())]


def _point(runs: RunsSpec, values: Mapping[str, Any], seeds: int, quick: bool) -> Point:
    choices = {path: _value(value) for path, value in {**runs.settings, **values}.items()}
    recipe = runs.recipe
    if quick:
        recipe = runs.quick.recipe
        choices |= {path: _value(value) for path, value in {**QUICK_EVALUATION, **runs.quick.settings}.items()}
        if recipe != "paper" and "training.steps" not in runs.quick.settings:
            # Such a recipe chooses its own steps, a share of the paper's.
            choices = {path: value for path, value in choices.items() if path != "training.steps"}
    configs = (resolve(runs.convention, {**choices, "seed": seed}, recipe).config for seed in range(seeds))
    return Point(values, tuple(configs))


def _value(value: Any) -> Any:
    """A TOML value as configurations take it: lists are tuples there."""
    return tuple(value) if isinstance(value, list) else value
