"""From a sweep's runs to configurations: a point for each combination of the grid, and all seeds of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from icl_cli.config import RunConfig
from icl_cli.conventions import flat, resolve
from icl_cli.store import Database
from icl_cli.sweeps.names import names_of_families
from icl_cli.sweeps.sweep_file import RunsSpec, Sweep

# A quick reproduction measures less often; the tasks that it is measured on are the same.
QUICK_EVALUATION = {"evaluation.points": 40, "evaluation.snapshots": 12}


@dataclass(frozen=True)
class Point:
    """One configuration of a grid: the values that set it apart, and the configuration for each seed."""

    values: Mapping[str, Any]
    configs: tuple[RunConfig, ...]

    def value(self, path: str) -> Any:
        """What the point has at `path`, as the file spells it if it does; None for a path that there is not."""
        if path in self.values:
            return self.values[path]
        return flat(self.configs[0].model_dump(mode="json")).get(path)


def expand(sweep: Sweep, runs: RunsSpec, quick: bool) -> list[Point]:
    """Every point of `runs`, in the order of the file, once. Raises `ConfigError` for a value that is not allowed."""
    seeds = sweep.seeds_of(runs, quick)
    found: dict[str, Point] = {}
    for values in runs.points(quick):
        first = _config(runs, values, quick).model_copy(update={"seed": seeds[0]})
        if first.identity not in found:
            others = (first.model_copy(update={"seed": seed}) for seed in seeds[1:])
            found[first.identity] = Point(values, (first, *others))
    return list(found.values())


def names_of_points(database: Database, points: Sequence[Point]) -> dict[str, str]:
    """By family the names of the runs of a whole sweep, which say what was swept where they would be alike else."""
    swept = list(dict.fromkeys(path for point in points for path in point.values))
    return names_of_families(database, [point.configs[0] for point in points], swept)


def _config(runs: RunsSpec, values: Mapping[str, Any], quick: bool) -> RunConfig:
    """The configuration of a point, of whatever seed."""
    settings, recipe = runs.settings, runs.recipe
    if quick:
        recipe = runs.quick.recipe
        if recipe != "paper":
            # Such a recipe chooses its own steps, a share of the paper's.
            settings = {path: value for path, value in settings.items() if path != "training.steps"}
        values = {**values, **QUICK_EVALUATION, **runs.quick.settings}
    choices = {path: _value(value) for path, value in {**settings, **values}.items()}
    return resolve(runs.convention, choices, recipe).config


def _value(value: Any) -> Any:
    """A TOML value as configurations take it: lists are tuples there."""
    return tuple(value) if isinstance(value, list) else value
