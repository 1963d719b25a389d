"""`icl` from Python: the few functions that `from icl_cli import …` offers, and keeps.

They do what the commands do, without talk: same database, same configurations, same numbers. All raise `IclError`,
with the message that a command would print. Compiled programs are kept in the user's cache folder, as by commands.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas

from icl_cli.compilation import keep_compiled_programs
from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.errors import IclError
from icl_cli.numerics import fixed_numerics
from icl_cli.store import Database, Run, RunStatus, check_name, list_runs, resolve_runs
from icl_cli.store import frames as stored_frames
from icl_cli.sweeps import (
    ComparisonPlan,
    compare_run,
    default_baselines,
    finished_runs,
    load_model,
    names_of_families,
    run_experiment,
)
from icl_cli.sweeps.telling import tell_nobody
from icl_cli.tasks import Episode, held_out_episodes

__all__ = [
    "Database",
    "IclError",
    "Run",
    "RunConfig",
    "RunStatus",
    "compare",
    "comparisons_frame",
    "configure",
    "curves_frame",
    "find_runs",
    "held_out_tasks",
    "list_runs",
    "load_model",
    "metrics_frame",
    "open_database",
    "runs_frame",
    "train",
    "write_report",
]


def open_database(target: str | Path = "results.db", mode: Literal["read", "write", "create"] = "read") -> Database:
    """The results database in a SQLite file, or at a PostgreSQL URL; use it in a `with` statement, or close it.

    "read" changes nothing and makes nobody wait, "write" needs a database that is there, "create" makes a missing one.
    Raises `NothingMatchedError` if it must exist and does not, and `StoreError` if it is no database of ours.
    """
    return Database.open(target, mode=mode)


def configure(
    choices: Mapping[str, Any] | None = None, *, convention: str | None = None, recipe: str | None = None
) -> RunConfig:
    """The configuration of a run: `choices`, such as {"model.layers": 2}, over the paper's values.

    **Arguments**: `choices` are by dotted path, as `icl train --dry-run` lists them; attention is a tuple of kinds.
    `convention` is "paper-code" (default) or "paper-text", `recipe` "paper" (default) or "fast". Raises `ConfigError`
    for an unknown path or a value that is not allowed.
    """
    return resolve(convention, choices or {}, recipe).config


def train(database: Database, config: RunConfig, name: str | None = None) -> Run:
    """Train `config` and store it; a run that has ended is returned as it is, one that was stopped goes on.

    `name` is by default that of its other seeds, or says what the run is, such as "linear-1-layer". A run that diverges
    is returned too: look at its `status`. Raises `BusyError` if another process trains it.
    """
    keep_compiled_programs()
    called = names_of_families(database, [config])[config.family] if name is None else check_name(name)
    return run_experiment(database, config, called, _Silent()).run


def find_runs(database: Database, reference: str = "latest") -> list[Run]:
    """The runs that `reference` means, by seed: a name, the beginning of an id, or "latest".

    Raises `NothingMatchedError` if there is none.
    """
    return resolve_runs(database, reference)


@fixed_numerics()
def held_out_tasks(config: RunConfig) -> Episode:
    """The tasks on which `config` is evaluated, along a leading axis: `context.inputs`, `context.targets`, `query`,
    `target`. A model takes one context and one query: `jax.vmap(model)(tasks.context, tasks.query)`.
    """
    return held_out_episodes(config)


def compare(
    database: Database,
    runs: Iterable[Run],
    baselines: Sequence[str] = (),
    *,
    at: Literal["last", "all"] | tuple[int, ...] = "last",
    curves: bool = False,
) -> pandas.DataFrame:
    """Compare finished runs with tuned baselines (none: those of the paper for their depth), and store it.

    **Returns** all comparisons of these runs, as `comparisons_frame`. `at` says which stored weights are compared, or
    their steps; `curves` also measures interpolation, roll-out and shifted tasks. Runs that have not finished are left
    out. Raises `UsageError` for an unknown baseline or a step without weights, and `NothingMatchedError` if none has
    finished or one has no stored weights.
    """
    keep_compiled_programs()
    chosen = finished_runs(database, list(runs))
    for run in chosen:
        plan = ComparisonPlan(tuple(baselines) or default_baselines(run.config), at, curves)
        compare_run(database, run, plan, tell_nobody)
    return comparisons_frame(database, chosen)


def runs_frame(database: Database) -> pandas.DataFrame:
    """All runs, newest first: id, name, status, …, then the configuration as "seed", "model.layers", "task.kind", …"""
    return stored_frames.runs_frame(database)


def metrics_frame(database: Database, runs: Iterable[Run]) -> pandas.DataFrame:
    """The time series of these runs: run_id, name ("held_out_loss", …), step, value."""
    return stored_frames.metrics_frame(database, [run.id for run in runs])


def comparisons_frame(database: Database, runs: Iterable[Run]) -> pandas.DataFrame:
    """The comparisons of these runs: run_id, step, baseline, measure, value, standard_error, tasks."""
    return stored_frames.comparisons_frame(database, [run.id for run in runs])


def curves_frame(database: Database, runs: Iterable[Run]) -> pandas.DataFrame:
    """The curves of these runs: run_id, step, kind, learner, x, value, standard_error."""
    return stored_frames.curves_frame(database, [run.id for run in runs])


def write_report(database: Database, runs: Sequence[Run] = (), output: str | Path = "icl-report") -> Path:
    """Draw the figures of these runs (none: of all that have ended) below `output`; the path of the page.

    Raises `NothingMatchedError` unless one of them has ended.
    """
    # Matplotlib is for those who draw.
    from icl_cli.report import write

    return write.write_report(database, write.runs_to_report(database, [run.id for run in runs]), Path(output)).page


class _Silent:
    """Hears how a training goes, and says nothing."""

    def started(self, run: Run, resumed: bool) -> None:
        """It begins."""

    def stepped(self, step: int, loss: float) -> None:
        """It has come so far."""

    def waits(self, reason: str) -> None:
        """It waits for another process."""
