"""Tuning: the plain line search against the product's, for GD; and what the product needs for GD++.

Plain searches and *product* look at equally many contexts; *product as it is* at ten times as many, since GD++ needs
them. Every search draws tasks of its own, so that no result can come from a cache. Cold times include compilation
(JAX's caches are cleared before), warm times do not where the implementation lets compiled programs be used again.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import count

import jax
import numpy as np
import plain_search
from measure import Effort, Sample, in_turns
from rows import Row, Target

from icl_cli.baselines import Problem, get_baseline
from icl_cli.baselines.spectral import SPECTRUM_PARTS
from icl_cli.config import RunConfig
from icl_cli.conventions import resolve

Search = Callable[[], str]

AUTHORS, PLAIN, PRODUCT, SHIPPED = "authors' way", "plain", "product", "product as it is"

TASKS = 10_000
SPEED = Target("≥", 50)
GD_DEPTHS = (1, 2, 5)
GD_PLUS_PLUS = (("gd++", 2), ("gd++-per-step", 2), ("gd++", 5))
ROUNDS = 3
# Of all searches of a process: the product keeps the eigenvalues of tasks that it has seen.
TUNING_SEEDS = count()
# The authors' search takes as long for every candidate: every tenth is tried, and the time multiplied.
EVERY = 10


def measure(effort: Effort) -> list[Row]:
    """Seconds of every search; ratios are their time over the product's; notes are the rates that they found."""
    tasks, rates = (100, plain_search.RATES[::25]) if effort.quick else (TASKS, plain_search.RATES)
    rounds = min(effort.rounds, ROUNDS)
    rows = []
    for depth in GD_DEPTHS[:1] if effort.quick else GD_DEPTHS:
        config = tuned_config(depth, tasks)
        searches = {
            AUTHORS: plain_line_search(plain_search.authors_search, config, rates[::EVERY]),
            PLAIN: plain_line_search(plain_search.careful_search, config, rates),
            PRODUCT: product_search("gd", config, contexts=tasks),
            SHIPPED: product_search("gd", config, contexts=SPECTRUM_PARTS * tasks),
        }
        rows += measure_searches(f"gd, K={depth}", searches, rounds)
    for name, depth in () if effort.quick else GD_PLUS_PLUS:
        # Once: from tens of seconds nothing is lost in noise.
        search = product_search(name, tuned_config(depth, tasks), contexts=SPECTRUM_PARTS * tasks)
        rows += measure_searches(f"{name}, K={depth}", {SHIPPED: search}, 1)
    return rows


def measure_searches(case: str, searches: Mapping[str, Search], rounds: int) -> list[Row]:
    """Cold rows, but for the authors' way, and warm ones; the last result of each search is its note."""
    found: dict[str, str] = {}

    def run(name: str) -> None:
        found[name] = searches[name]()

    def run_cold(name: str) -> None:
        jax.clear_caches()
        run(name)

    cold = in_turns({name: partial(run_cold, name) for name in searches if name != AUTHORS}, rounds)
    if len(searches) > 1:
        # What was cold last has cleared the programs of the others.
        in_turns({name: partial(run, name) for name in searches}, 1)
    warm = in_turns({name: partial(run, name) for name in searches}, rounds)
    if AUTHORS in warm:
        warm[AUTHORS] = warm[AUTHORS].times(EVERY)
    rows = [*_rows(f"{case}, cold", cold, None), *_rows(f"{case}, warm", warm, SPEED)]
    return [replace(row, note=found[row.implementation]) for row in rows]


def _rows(case: str, taken: Mapping[str, Sample], target: Target | None) -> list[Row]:
    plain = {name: sample for name, sample in taken.items() if name in (AUTHORS, PLAIN)}
    ratios = {name: sample.median / taken[PRODUCT].median for name, sample in plain.items()}
    return [
        Row("tuning", case, name, sample, "s", ratios.get(name), target if name in ratios else None)
        for name, sample in taken.items()
    ]


def tuned_config(depth: int, tasks: int) -> RunConfig:
    """A model of so many layers, on batches of so many tasks as a search evaluates."""
    return resolve("paper-code", {"model.layers": depth, "training.batch_size": tasks}).config


def plain_line_search(search: Callable[..., float], config: RunConfig, rates: np.ndarray) -> Search:
    """A notebook's search, under a new key each time; what it finds."""
    seeds = count()
    return lambda: f"η {search(jax.random.key(next(seeds)), config, rates):.3f}"


def product_search(name: str, config: RunConfig, contexts: int) -> Search:
    """The product's search for baseline `name`, on the eigenvalues of contexts never seen before; what it finds."""
    problem = replace(Problem.of_run(config), tuning_tasks=contexts // SPECTRUM_PARTS)

    def search() -> str:
        found = get_baseline(name).tune(replace(problem, tuning_seed=next(TUNING_SEEDS)))
        letters = {"learning_rates": "η", "curvature_rates": "γ"}
        return " ".join(f"{letters[key]} {' '.join(f'{rate:.3f}' for rate in found[key])}" for key in found)

    return search
