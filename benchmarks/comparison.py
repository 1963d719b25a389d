"""One comparison, as `icl compare` makes it: tune GD, measure the last snapshot and all curves, store everything.

Cold is the first comparison of a process, which compiles; warm are those of the next runs of the same family.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
from measure import Effort, Sample, seconds
from rows import Row

from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.store import Database, Run
from icl_cli.sweeps import ComparisonPlan, compare_run, run_experiment

FEW_STEPS = {"training.steps": 10, "evaluation.points": 1, "evaluation.snapshots": 1}
TINY = {"training.batch_size": 32, "evaluation.tasks": 100, "task.input_size": 3, "task.context_length": 4}

CASES: Mapping[str, Mapping[str, Any]] = {
    "K=1": {},
    "K=2 recurrent": {"model.layers": 2, "model.recurrent": True},
    "K=5": {"model.layers": 5},
}
ROUNDS = 4


class Nobody:
    """A listener that shows nothing."""

    def started(self, run: Run, resumed: bool) -> None:
        """Ignored."""

    def stepped(self, step: int, loss: float) -> None:
        """Ignored."""

    def waits(self, reason: str) -> None:
        """Ignored."""


def measure(effort: Effort) -> list[Row]:
    """Seconds of one comparison with GD, for every case."""
    cases = {"K=1": CASES["K=1"]} if effort.quick else CASES
    rows = []
    for name, choices in cases.items():
        config = resolve("paper-code", {**FEW_STEPS, **choices, **(TINY if effort.quick else {})}).config
        jax.clear_caches()
        taken = [comparison_seconds(config) for _ in range(min(effort.rounds, ROUNDS))]
        for label, sample in (("cold", Sample((taken[0],))), ("warm", Sample(tuple(taken[1:])))):
            rows.append(Row("comparison", f"{name}, {label}", "product", sample, "s"))
    return rows


def comparison_seconds(config: RunConfig) -> float:
    """Train in a database of its own, then compare; the seconds of the comparison."""
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "results.db", mode="create") as database:
        run = run_experiment(database, config, "compared", Nobody()).run
        return seconds(lambda: compare_run(database, run, ComparisonPlan(("gd",)), lambda _: None))
