"""How the product's step grows with the size of the task, of the model, and with the number of seeds."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import product
from measure import Action, Effort, Sample, side_by_side
from rows import STEP, Row, Target

from icl_cli.config import RunConfig
from icl_cli.conventions import resolve

# Large tasks diverge at the paper's rate; no rate changes the work of a step.
CAREFUL = {"training.learning_rate": 1e-7}
TINY = {"training.batch_size": 32}
ROUNDS = 5

PATHS = {"N": "task.context_length", "d": "task.input_size", "K": "model.layers", "heads": "model.heads"}
SEEDS = "seeds"


@dataclass(frozen=True)
class Series:
    """One `variable` takes `values`, all else stays as in `choices`; `target` bounds the ratio per doubling."""

    case: str
    variable: str
    values: tuple[int, ...]
    choices: Mapping[str, Any]
    target: Target | None = None


LENGTHS = tuple(2**power for power in range(4, 11))
LOOPED = {"model.layers": 2, "model.recurrent": True}

SERIES = (
    Series("K=1", "N", LENGTHS, {}, Target("≤", 2.2)),
    Series("K=2 recurrent", "N", LENGTHS, LOOPED, Target("≤", 2.2)),
    Series("K=1", "d", (5, 10, 20, 40), {}),
    # From K = 4 on the tokens are clipped, which forbids the cheapest form of the algebra.
    Series("stacked", "K", (1, 2, 3, 4, 6, 8, 12), {}),
    Series("K=1", "heads", (1, 2, 4, 8), {}),
    Series("K=1", SEEDS, (1, 2, 4, 8, 16), {}),
)


def measure(effort: Effort) -> list[Row]:
    """Milliseconds a step of every series; ratios are per doubling of what grows."""
    return [row for series in SERIES for row in measure_series(_shortened(series) if effort.quick else series, effort)]


def measure_series(series: Series, effort: Effort) -> list[Row]:
    """One row for each value; all values take turns."""
    choices = {**CAREFUL, **series.choices, **(TINY if effort.quick else {})}
    actions = {str(value): _action(series.variable, value, choices) for value in series.values}
    effort = replace(effort, rounds=min(effort.rounds, ROUNDS))
    taken = {name: sample.times(1000) for name, sample in side_by_side(actions, effort).items()}
    ratios = [None, *_ratios_per_doubling([(int(value), sample) for value, sample in taken.items()])]
    return [
        Row(
            "growth",
            series.case,
            "product",
            taken[str(value)],
            STEP,
            ratio,
            None if ratio is None else series.target,
            variable=series.variable,
            value=value,
        )
        for value, ratio in zip(series.values, ratios, strict=True)
    ]


def _shortened(series: Series) -> Series:
    return replace(series, values=series.values[:2])


def _action(variable: str, value: int, choices: Mapping[str, Any]) -> Action:
    if variable == SEEDS:
        return _many_seeds([resolve("paper-code", {**choices, "seed": seed}).config for seed in range(value)])
    return product.make_steps(resolve("paper-code", {**choices, PATHS[variable]: value}).config)


def _many_seeds(configs: Iterable[RunConfig]) -> Action:
    """Steps of all seeds, one seed after the other, as `icl train --seeds` takes them."""
    every = [product.make_steps(config) for config in configs]
    return lambda count: [steps(count) for steps in every]


def _ratios_per_doubling(points: list[tuple[int, Sample]]) -> list[float]:
    """2^slope between neighbours on log-log axes: what one doubling costs, whatever the distance of two values."""
    return [
        (after.median / before.median) ** (1 / math.log2(larger / smaller))
        for (smaller, before), (larger, after) in pairwise(points)
    ]
