"""Runs with made-up numbers and untrained weights: what a report reads, without minutes of training."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jax
from configs import run_config

from icl_cli.baselines import Problem, get_baseline
from icl_cli.config import RunConfig
from icl_cli.models import initial_transformer, to_bytes
from icl_cli.store import (
    Claimant,
    Comparison,
    CurvePoint,
    Database,
    Metric,
    Run,
    RunStatus,
    Summary,
    TunedBaseline,
    baseline_identity,
    claim_run,
    finish_run,
    get_run,
    record_progress,
    store_baseline,
    store_comparisons,
)
from icl_cli.tasks import SHIFT_KINDS

# Closes a formula, an attribute, a comment and an element; the figures' font lacks a letter, a shell would run the end.
HOSTILE = """"$x_{深$--><script>alert('1')</script> & $(id)"""
OWNER = "here:1"
SMALL = {"task.input_size": 3, "task.context_length": 4, "training.steps": 40, "evaluation.tasks": 100}
STEPS = (0, 10, 20, 40)
PARAMETERS = {"gd": {"learning_rates": [2.0]}, "ridge": {"penalty": [0.125]}}
ERROR = 0.004


def recorded_config(choices: dict[str, Any] | None = None) -> RunConfig:
    return run_config({**SMALL, **(choices or {})})


def begin(database: Database, name: str, config: RunConfig) -> Run:
    """A run that was claimed and evaluated at every step but has not ended."""
    run = claim_run(database, config, Claimant(OWNER, {"host": f"{name} & co"}, 60.0), name=name).run
    weights = to_bytes(initial_transformer(jax.random.key(config.seed), config))
    for step in STEPS:
        metrics = [
            Metric(step, "held_out_loss", loss_at(step, config.seed)),
            Metric(step, "held_out_loss_standard_error", ERROR),
            Metric(step, "training_loss", 1.0),
        ]
        record_progress(
            database,
            run.id,
            owner=OWNER,
            step=step,
            metrics=metrics,
            snapshot=weights,
            checkpoint=None,
            training_seconds=float(step),
            lease_seconds=60.0,
        )
    return run


def finish(database: Database, name: str, config: RunConfig, diverged_step: int | None = None) -> Run:
    """A run that finished, or diverged at `diverged_step`."""
    run = begin(database, name, config)
    finish_run(
        database,
        run.id,
        owner=OWNER,
        status=RunStatus.FINISHED if diverged_step is None else RunStatus.DIVERGED,
        step=STEPS[-1],
        diverged_step=diverged_step,
        error=None if diverged_step is None else "loss not finite",
        training_seconds=75.0,
        summaries=[Summary("held_out_loss", loss_at(STEPS[-1], config.seed), ERROR)],
    )
    return get_run(database, run.id)


def compare(
    database: Database, run: Run, names: Sequence[str], steps: Sequence[int] = STEPS, interpolate: bool = True
) -> None:
    """Every measure at `steps` and, of the last weights, every curve."""
    for name in names:
        baseline = tuned(database, run, name)
        measured = [
            Comparison(run.id, step, baseline.id, measure, value, ERROR / 10, 100)
            for step in steps
            for measure, value in measures(step, run.seed, interpolate).items()
        ]
        store_comparisons(database, measured, curves(run, name, interpolate))


def tuned(database: Database, run: Run, name: str) -> TunedBaseline:
    depends_on = get_baseline(name).depends_on(Problem.of_run(run.config))
    now = datetime.now(UTC)
    identity = baseline_identity(name, depends_on)
    baseline = TunedBaseline(identity, name, depends_on, PARAMETERS[name], 0.2, ERROR, now)
    store_baseline(database, baseline)
    return baseline


def loss_at(step: int, seed: int) -> float:
    return 0.2 + 0.2 / (1 + step) + 0.001 * seed


def measures(step: int, seed: int, interpolate: bool) -> dict[str, float]:
    model = loss_at(step, seed)
    plain = {
        "model_loss": model,
        "baseline_loss": 0.2,
        "loss_difference": model - 0.2,
        "prediction_difference": 0.5 / (1 + step) + 0.01 * (1 + seed),
        "model_difference": 2.0 / (1 + step) + 0.05 * (1 + seed),
        "cosine": 1 - 1.1 / (1 + step),
    }
    return plain | ({"interpolated_loss": model - 0.001} if interpolate else {})


def curves(run: Run, name: str, interpolate: bool) -> list[CurvePoint]:
    learners = ["model", name] + ([f"interpolated-{name}"] if interpolate else [])
    points = [
        CurvePoint(run.id, STEPS[-1], f"shift-{kind}", learner, alpha, 0.2 * alpha**2 + shift(learner, run), ERROR)
        for kind in SHIFT_KINDS
        for learner in learners
        for alpha in (0.5, 1.0, 1.5, 2.0)
    ]
    points += [
        CurvePoint(
            run.id, STEPS[-1], "roll-out-0.75", learner, float(layer), 0.4 * 0.9**layer + shift(learner, run), ERROR
        )
        for learner in learners[:2]
        for layer in range(4)
    ]
    if interpolate:
        points += [
            CurvePoint(run.id, STEPS[-1], "interpolation", learners[2], weight, 0.2 + shift("model", run), ERROR)
            for weight in (0.0, 0.5, 1.0)
        ]
    return points


def shift(learner: str, run: Run) -> float:
    """What sets learners and, of the model, seeds apart."""
    return {"model": 0.001 * (1 + run.seed)}.get(learner, 0.0)


# Of every kind of curve that is not made above: its learners.
CURVES = {
    "roll-out-1": ("model", "gd"),
    "copying-mean-of-norms": ("self", "next", "others"),
    "copying-norm-of-mean": ("self", "next", "others"),
    "curvature-map": ("model", "formula"),
    "condition-number": ("mean", "median"),
    "curvature-rate": ("model", "gd++"),
    "eigenvalues-before": ("model",),
    "eigenvalues-after": ("model",),
    "critical-damping": ("model-predicted", "model-measured", "gd-predicted", "gd-measured"),
    "function-initial": ("model", "other run"),
    "function-final": ("model", "other run"),
    "function-context": ("data",),
    "function-target": ("data",),
    "plateau": ("level", "onset", "final"),
    "attention-1-1": ("token 1", "token 2"),
}


def curve_value(kind, learner, seed, x):
    """A number of its own for every point."""
    return 0.1 + (len(kind) + 0.1 * len(learner)) * (1 + seed) / (1 + x)


def deeper(family, layers=2):
    """The same numbers as of another configuration, with baselines of its own."""
    config = family.config.model_copy(update={"model": family.config.model.model_copy(update={"layers": layers})})
    runs = tuple(replace(run, name=f"deep {layers}", config=config) for run in family.runs)
    baselines = {name: replace(one, id=f"{layers}{one.id[1:]}") for name, one in family.baselines.items()}
    return replace(family, id=f"{layers}" * 64, runs=runs, baselines=baselines)
