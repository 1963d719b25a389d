"""A stored run against tuned baselines: alignment at its snapshots and, of the last one, curves; all kept."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import equinox as eqx
import numpy as np

from icl_cli.analysis import (
    Estimate,
    alignment,
    can_interpolate,
    held_out_loss,
    interpolate,
    robust_alignment,
    roll_out,
    shifted_losses,
)
from icl_cli.baselines import Learner, Problem
from icl_cli.config import RunConfig
from icl_cli.errors import NothingMatchedError, UsageError
from icl_cli.heavy_tails import MEDIAN, ORDER_OF_VARIANCE, heavy_tailed
from icl_cli.models import Transformer
from icl_cli.numerics import fixed_numerics
from icl_cli.store import (
    Comparison,
    CurvePoint,
    Database,
    Run,
    RunStatus,
    list_comparisons,
    list_curves,
    list_snapshot_steps,
    resolve_all,
    store_comparisons,
)
from icl_cli.sweeps.bayes_loss import keep_bayes_loss
from icl_cli.sweeps.stored_models import load_model, shared_held_out, weights_problem
from icl_cli.sweeps.telling import Tell
from icl_cli.sweeps.tuned_baselines import Tuned, tuned_baseline
from icl_cli.tasks import SHIFT_KINDS

logger = logging.getLogger(__name__)

At = Literal["last", "all"] | tuple[int, ...]

# α of the out-of-distribution curves (Figures 2 and 6), t of the interpolation, λ and steps of the roll-out (A.6).
SHIFT_SCALES = tuple(float(scale) for scale in np.round(np.arange(0.5, 2.01, 0.125), 3))
INTERPOLATION_WEIGHTS = tuple(float(weight) for weight in np.linspace(0, 1, 11))
ROLL_OUT_DAMPING = 0.75
ROLL_OUT_STEPS = 50
MIDPOINT = 0.5
# The model's name among the learners of a curve, and how the kinds of curves over shifts begin.
MODEL, INTERPOLATED, SHIFT = "model", "interpolated-", "shift-"


@dataclass(frozen=True)
class ComparisonPlan:
    """What to compare with, at which snapshots, and whether to measure the curves of the last one."""

    baselines: tuple[str, ...]
    at: At = "last"
    curves: bool = True


def default_baselines(config: RunConfig) -> tuple[str, ...]:
    """What the paper compares this model with: GD and, beyond one step, GD++ with as many parameters as the model.

    Beyond one step also GD with a rate for each: with one η, the gap to GD is due to both rates and curvature.
    """
    if Problem.of_run(config).steps == 1:
        return ("gd",)
    several = ("gd", "gd-per-step", "gd++")
    return several if config.model.recurrent else (*several, "gd++-per-step")


@fixed_numerics()
def compare_run(database: Database, run: Run, plan: ComparisonPlan, tell: Tell) -> list[Tuned]:
    """Measure what `plan` asks for and the database lacks, and store it.

    **Arguments**: `tell` hears, in a few words, what is being done. **Returns** the tuned baselines, in plan order.
    """
    problem = Problem.of_run(run.config)
    steps = list_snapshot_steps(database, run.id)
    chosen = chosen_steps(steps, plan.at, run)
    known = measures_by_key(list_comparisons(database, [run.id]))
    drawn = {point.learner for point in list_curves(database, [run.id]) if is_shift(point, steps[-1])}
    all_tuned = []
    for name in plan.baselines:
        tuned = tuned_baseline(database, name, problem, tell)
        for step in chosen:
            is_last = step == steps[-1]
            # A verdict is given of steps that were asked for by number, and of the last one.
            is_judged = is_last or plan.at != "all"
            is_known = _is_measured(known.get((step, tuned.record.id), {}), tuned, is_judged)
            lacks_curves = plan.curves and is_last and not (is_known and name in drawn)
            if lacks_curves or not is_known:
                tell(f"{name} at step {step}")
                _compare_snapshot(database, run, step, tuned, is_judged, drawn if lacks_curves else None)
                drawn |= {MODEL, name} if lacks_curves else set()
            else:
                logger.info("%s seed %d, %s at step %d: measured before.", run.name, run.seed, name, step)
        all_tuned.append(tuned)
    keep_bayes_loss(database, run)
    return all_tuned


def chosen_steps(stored: Sequence[int], at: At, run: Run) -> Sequence[int]:
    """Those of the `stored` steps of a run that `at` asks for. Raises `UsageError` for a step that is not stored."""
    if at == "all":
        return stored
    if at == "last":
        return stored[-1:]
    for step in at:
        if step not in stored:
            nearest = min(stored, key=lambda one: abs(one - step))
            raise UsageError(
                f"--at: {step} given, but no weights of {run.name} seed {run.seed} are stored at that step; the "
                f"nearest is {nearest}, of {len(stored)} from {stored[0]} to {stored[-1]}."
            )
    return at


def measures_by_key(comparisons: Sequence[Comparison]) -> dict[tuple[int, str], dict[str, Comparison]]:
    """The measures of one run by step and baseline id, then by name."""
    measures: dict[tuple[int, str], dict[str, Comparison]] = {}
    for point in comparisons:
        measures.setdefault((point.step, point.baseline_id), {})[point.measure] = point
    return measures


def lacks_medians(measures: Mapping[str, Comparison]) -> bool:
    """Whether these measures are of an older release, and their means say too little to do without the medians."""
    return f"baseline_loss{MEDIAN}" not in measures and bool(heavy_tailed(measures))


def _is_measured(measures: Mapping[str, Comparison], tuned: Tuned, is_judged: bool) -> bool:
    if not is_judged or not measures:
        return bool(measures)
    known_heavy = tuned.loss_tail_index <= ORDER_OF_VARIANCE
    return not lacks_medians(measures) and (f"baseline_loss{MEDIAN}" in measures or not known_heavy)


def is_shift(point: CurvePoint, step: int) -> bool:
    """Whether `point` belongs to a curve over shifts that was measured at `step`."""
    return point.step == step and point.kind.startswith(SHIFT)


def _compare_snapshot(
    database: Database, run: Run, step: int, tuned: Tuned, is_judged: bool, drawn: set[str] | None
) -> None:
    """Measure and store one snapshot; its curves too unless `drawn`, the learners that have theirs, is None.

    Medians and the like are kept for those of which verdicts are given.
    """
    model = load_model(database, run, step)
    episodes = shared_held_out(run.config)
    loss = run.config.training.loss
    if is_judged:
        measures = robust_alignment(model, tuned.learner, episodes, loss, tuned.loss_tail_index)
    else:
        measures = alignment(model, tuned.learner, episodes, loss)
    between = _between(model, tuned, run.config)
    if between is not None:
        measures["interpolated_loss"] = held_out_loss(between(MIDPOINT), episodes, loss)
    comparisons = [
        Comparison(run.id, step, tuned.record.id, measure, *estimate, run.config.evaluation.tasks)
        for measure, estimate in measures.items()
    ]
    curves = () if drawn is None else _curves(run, step, model, tuned, between, drawn)
    store_comparisons(database, comparisons, curves)


def _between(model: Transformer, tuned: Tuned, config: RunConfig) -> Callable[[float], Transformer] | None:
    """Weights between the model's and the construction's, where the two can be paired layer by layer."""
    construction = tuned.construction()
    if construction is None or not can_interpolate(model):
        return None
    if config.model.recurrent and not _repeats_one_layer(construction):
        return None
    return lambda weight: interpolate(model, construction, weight, config.task.input_size)


def _repeats_one_layer(construction: Transformer) -> bool:
    """Whether all layers have the same weights, as those of a recurrent model have."""
    first, *others = construction.blocks
    return all(bool(eqx.tree_equal(first, other)) for other in others)


def _curves(
    run: Run,
    step: int,
    model: Transformer,
    tuned: Tuned,
    between: Callable[[float], Transformer] | None,
    drawn: set[str],
) -> list[CurvePoint]:
    name = tuned.record.name
    points: list[CurvePoint] = []

    def add(kind: str, learner: str, positions: Sequence[float], estimates: Sequence[Estimate]) -> None:
        pairs = zip(positions, estimates, strict=True)
        points.extend(CurvePoint(run.id, step, kind, learner, x, *estimate) for x, estimate in pairs)

    # The model's own curves are the same beside every baseline.
    learners: dict[str, Learner] = {name: tuned.learner} if MODEL in drawn else {MODEL: model, name: tuned.learner}
    if between is not None:
        learners[f"{INTERPOLATED}{name}"] = between(MIDPOINT)
        losses = [
            held_out_loss(between(t), shared_held_out(run.config), run.config.training.loss)
            for t in INTERPOLATION_WEIGHTS
        ]
        add("interpolation", f"{INTERPOLATED}{name}", INTERPOLATION_WEIGHTS, losses)
    for kind in SHIFT_KINDS:
        for label, losses in shifted_losses(learners, run.config, kind, SHIFT_SCALES).items():
            add(f"{SHIFT}{kind}", label, SHIFT_SCALES, losses)
    for label, rolled in _rolled_out(model, tuned, run.config).items():
        add(f"roll-out-{ROLL_OUT_DAMPING:g}", label, range(ROLL_OUT_STEPS + 1), rolled)
    return points


def _rolled_out(model: Transformer, tuned: Tuned, config: RunConfig) -> dict[str, list[Estimate]]:
    """The roll-out of a one-layer model and of one GD step; longer algorithms have no single step to repeat.

    Nor has a layer that would first have to merge its tokens.
    """
    construction = tuned.construction()
    if construction is None or config.model.layers > 1 or config.model.tokens != "merged":
        return {}
    learners = {MODEL: model, tuned.record.name: construction}
    return {
        label: roll_out(learner, shared_held_out(config), config.training.loss, ROLL_OUT_DAMPING, ROLL_OUT_STEPS)
        for label, learner in learners.items()
    }


def comparable_runs(database: Database, references: Sequence[str]) -> list[Run]:
    """The finished runs that `references` name, each once. Raises as `finished_runs`, and for an unknown reference."""
    return finished_runs(database, resolve_all(database, references))


def finished_runs(database: Database, runs: Sequence[Run]) -> list[Run]:
    """Those of `runs` that have finished and can be measured.

    A run whose stored weights do not fit its configuration is left out, with a warning. Raises `NothingMatchedError` if
    none remains, or if one has no stored weights.
    """
    finished = [run for run in runs if run.status is RunStatus.FINISHED]
    if not finished:
        states = ", ".join(sorted({f"{run.short_id} is {run.status}" for run in runs})) or "none given"
        raise NothingMatchedError(f"No finished run: {states}. See `icl runs list`.")
    for run in finished:
        if not list_snapshot_steps(database, run.id):
            raise NothingMatchedError(
                f"Run {run.short_id} ({run.name}) has finished, but none of its weights are stored, so that there is "
                "nothing to measure. Copy it from a database that has them by `icl db copy`, or leave it out."
            )
    return _with_fitting_weights(database, finished)


def _with_fitting_weights(database: Database, runs: Sequence[Run]) -> list[Run]:
    problems = {run.id: weights_problem(database, run) for run in runs}
    fitting = [run for run in runs if problems[run.id] is None]
    sentences = [
        f"Run {run.short_id} ({run.name}, seed {run.seed}): {problems[run.id]} Delete it by `icl runs delete "
        f"{run.short_id}` and train it again."
        for run in runs
        if problems[run.id] is not None
    ]
    if not fitting:
        raise NothingMatchedError(" ".join(sentences))
    for sentence in sentences:
        logger.warning("Left out: %s", sentence)
    return fitting
