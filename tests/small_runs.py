"""Runs that train in a second, and what listens to them."""

from pathlib import Path
from typing import Any

from configs import run_config

from icl_cli.config import RunConfig
from icl_cli.store import Database, Run, find_checkpoint, get_metrics, iterate_snapshots, list_runs

SMALL = {
    "training.steps": 40,
    "training.batch_size": 32,
    "evaluation.tasks": 100,
    "evaluation.points": 5,
    "evaluation.snapshots": 3,
    "task.context_length": 5,
    "task.input_size": 3,
}

# The same for `icl train`.
TINY = [
    "--steps=40",
    "--batch-size=32",
    "--evaluation-tasks=100",
    "--evaluation-points=5",
    "--snapshots=3",
    "--context-length=5",
    "--input-size=3",
]

# A sweep file of them; how many seeds and steps is for who uses it.
SMALL_SWEEP = """
name = "short"
title = "Short runs"
seeds = 2

[[runs]]
label = "short"
baselines = ["gd"]
curves = false

[runs.settings]
training = { steps = 60, batch_size = 32 }
evaluation = { tasks = 100, points = 6, snapshots = 3 }
task = { context_length = 5, input_size = 3 }
"""


def small_config(choices: dict[str, Any] | None = None) -> RunConfig:
    return run_config({**SMALL, **(choices or {})})


def recorded(path: Path) -> dict[str, tuple[object, ...]]:
    """Every number of every run in the database `path`, by the run's id, in a form that can be compared."""
    with Database.open(path, mode="read") as database:
        return {
            run.id: (
                get_metrics(database, run.id),
                find_checkpoint(database, run.id),
                list(iterate_snapshots(database, run.id)),
            )
            for run in list_runs(database)
        }


class Silent:
    """A listener that only remembers what it heard."""

    def __init__(self) -> None:
        self.starts: list[tuple[int, bool]] = []
        self.steps: list[int] = []
        self.waited: list[str] = []

    def started(self, run: Run, resumed: bool) -> None:
        self.starts.append((run.step, resumed))

    def stepped(self, step: int, loss: float) -> None:
        self.steps.append(step)

    def waits(self, reason: str) -> None:
        self.waited.append(reason)


class StopsAt(Silent):
    """A listener that raises once training has come to `step`."""

    def __init__(self, step: int, error: BaseException) -> None:
        super().__init__()
        self.step = step
        self.error = error

    def stepped(self, step: int, loss: float) -> None:
        if step >= self.step:
            raise self.error
