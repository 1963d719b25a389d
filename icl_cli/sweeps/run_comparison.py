"""A stored run against another one, such as a transformer against a network that can only descend (Figure 4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from icl_cli.analysis import alignment, learned_function, robust_alignment, shifted_losses
from icl_cli.baselines import BASELINES
from icl_cli.config import RunConfig, TaskConfig
from icl_cli.errors import UsageError
from icl_cli.models import Transformer
from icl_cli.numerics import fixed_numerics
from icl_cli.store import (
    OTHER_RUN,
    Comparison,
    CurvePoint,
    Database,
    Run,
    TunedBaseline,
    baseline_identity,
    current_baselines,
    find_other_run,
    get_summaries,
    list_comparisons,
    list_curves,
    list_snapshot_steps,
    recorded_name,
    store_baseline,
    store_comparisons,
)
from icl_cli.sweeps.bayes_loss import keep_bayes_loss
from icl_cli.sweeps.comparison import (
    INTERPOLATED,
    MODEL,
    SHIFT_SCALES,
    At,
    chosen_steps,
    is_shift,
    lacks_medians,
    measures_by_key,
)
from icl_cli.sweeps.stored_models import load_model, shared_held_out
from icl_cli.sweeps.telling import Tell
from icl_cli.tasks import SHIFT_KINDS, held_out_wave
from icl_cli.training.loss import LOSS_FACTORS

# Queries along which learned functions are drawn, and the held-out task that they are drawn for.
POINTS = 101
DRAWN_TASK = 0
# What no other run's curves are stored under.
RESERVED_NAMES = {MODEL, *BASELINES, *(f"{INTERPOLATED}{name}" for name in BASELINES)}


@dataclass(frozen=True)
class OtherRun:
    """A run in the place of a baseline: its record in the database, under its present name, and the run itself."""

    record: TunedBaseline
    run: Run

    @property
    def context_length(self) -> int:
        """N of its task."""
        return self.run.config.task.context_length


def paired_runs(runs: Sequence[Run], others: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Each of `runs` with the one of `others` that it is compared with: that of its seed, or the only one.

    Raises `UsageError` where there is none, or where both solve different problems.
    """
    if len({other.family for other in others}) > 1:
        raise UsageError(f"--with: {others[0].name!r} names several configurations. Give the beginning of an id.")
    of_seed = {other.seed: other for other in others}
    pairs = [(run, others[0] if len(others) == 1 else of_seed.get(run.seed)) for run in runs]
    matched = [(run, other) for run, other in pairs if other is not None]
    if not matched:
        seeds = ", ".join(str(seed) for seed in sorted(of_seed))
        raise UsageError(f"--with: {others[0].name!r} has no run of the same seed; it has seeds {seeds}.")
    for run, other in matched:
        _require_comparable(run, other)
    return matched


@fixed_numerics()
def unpaired_runs(runs: Sequence[Run], others: Sequence[Run], pairs: Sequence[tuple[Run, Run]]) -> list[str]:
    """A sentence for each side that has seeds without a partner in `pairs`, which are compared with nothing."""
    ours, theirs = {run.id for run, _ in pairs}, {other.id for _, other in pairs}
    sides = [(runs, ours, others[0].name), (others, theirs, runs[0].name)]
    return [
        f"Not compared: {_seeds(left_out)} of {own[0].name!r}; {name!r} has no finished run of {_same(left_out)}."
        for own, paired, name in sides
        if (left_out := [run for run in own if run.id not in paired])
    ]


def _seeds(runs: Sequence[Run]) -> str:
    numbers = sorted({run.seed for run in runs})
    return f"seed{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _same(runs: Sequence[Run]) -> str:
    return "that seed" if len(runs) == 1 else "those seeds"


def compare_with_run(database: Database, run: Run, other: Run, at: At, curves: bool, tell: Tell) -> OtherRun:
    """Measure both at the steps of which both have snapshots, where the database lacks it, and store it.

    **Arguments**: `at` says whether at the last of these steps, at all or at some; `curves` asks for those of the last.
    """
    record = _record(database, other)
    steps = sorted(set(list_snapshot_steps(database, run.id)) & set(list_snapshot_steps(database, other.id)))
    measures = measures_by_key(list_comparisons(database, [run.id]))
    known = {step for step, baseline_id in measures if baseline_id == record.id}
    if steps and lacks_medians(measures.get((steps[-1], record.id), {})):
        known.remove(steps[-1])
    has_shifts = any(
        is_shift(point, steps[-1]) and point.learner == record.name for point in list_curves(database, [run.id])
    )
    for step in chosen_steps(steps, at, run):
        lacks_curves = curves and step == steps[-1] and not (has_shifts and step in known)
        if lacks_curves or step not in known:
            tell(f"{other.name} at step {step}")
            _compare_step(database, run, OtherRun(record, other), step, step == steps[-1] or at != "all", lacks_curves)
    keep_bayes_loss(database, run)
    (presented,) = current_baselines(database, [record.id])
    return OtherRun(presented, other)


def _require_comparable(run: Run, other: Run) -> None:
    if run.id == other.id:
        raise UsageError(f"--with: {other.short_id} given for a comparison with itself. Name another run.")
    ours, theirs = (_problem(each.config) for each in (run, other))
    for name, value in ours.items():
        if theirs[name] != value:
            raise UsageError(
                f"--with: {run.short_id} and {other.short_id} differ in {name} ({value} and {theirs[name]}); "
                "only runs of the same task and evaluation can be compared."
            )


def _problem(config: RunConfig) -> Mapping[str, object]:
    """What two runs must have in common; a fixed training set limits the model alone."""
    task = {f"task.{name}": getattr(config.task, name) for name in TaskConfig.model_fields if name != "dataset_size"}
    evaluation = {f"evaluation.{name}": getattr(config.evaluation, name) for name in ("tasks", "seed", "unseen_inputs")}
    return task | evaluation | {"training.loss": config.training.loss}


def _record(database: Database, other: Run) -> TunedBaseline:
    """The other run as a record among the baselines; its loss is, like theirs, the mean squared error.

    A stored record of other numbers came with runs of somebody else, and is put right by what the run itself says.
    """
    summary = next(each for each in get_summaries(database, other.id) if each.name == "held_out_loss")
    factor = LOSS_FACTORS[other.config.training.loss]
    error = float("nan") if summary.standard_error is None else summary.standard_error / factor
    loss = summary.value / factor
    found = find_other_run(database, other)
    if found is None:
        name, depends_on = recorded_name(database, other, RESERVED_NAMES), {OTHER_RUN: other.id}
        identity, now = baseline_identity(name, depends_on), datetime.now(UTC)
        found = TunedBaseline(identity, name, depends_on, {}, loss, error, now)
        store_baseline(database, found)
    elif not np.array_equal([found.loss, found.standard_error], [loss, error], equal_nan=True):
        found = replace(found, loss=loss, standard_error=error)
        store_baseline(database, found)
    return found


def _compare_step(database: Database, run: Run, compared: OtherRun, step: int, is_judged: bool, curves: bool) -> None:
    config = run.config
    ours, theirs = load_model(database, run, step), load_model(database, compared.run, step)
    measure = robust_alignment if is_judged else alignment
    measures = measure(ours, theirs, shared_held_out(config), config.training.loss)
    comparisons = [
        Comparison(run.id, step, compared.record.id, name, each.value, each.standard_error, config.evaluation.tasks)
        for name, each in measures.items()
    ]
    points: list[CurvePoint] = []
    if curves:
        models = {MODEL: ours, compared.record.name: theirs}
        points = _shifts(run, step, models)
        if config.task.kind == "sine":
            points += _functions(run, step, models)
    store_comparisons(database, comparisons, points)


def _shifts(run: Run, step: int, models: dict[str, Transformer]) -> list[CurvePoint]:
    """The losses of both out of distribution."""
    return [
        CurvePoint(run.id, step, f"shift-{kind}", label, scale, estimate.value, estimate.standard_error)
        for kind in SHIFT_KINDS
        for label, losses in shifted_losses(models, run.config, kind, SHIFT_SCALES).items()
        for scale, estimate in zip(SHIFT_SCALES, losses, strict=True)
    ]


def _functions(run: Run, step: int, models: dict[str, Transformer]) -> list[CurvePoint]:
    """What both make of one held-out context, before and after attention, beside its examples and the truth."""
    task = run.config.task
    queries = jnp.linspace(-task.input_half_width, task.input_half_width, POINTS)
    context = shared_held_out(run.config).context
    context = type(context)(context.inputs[DRAWN_TASK], context.targets[DRAWN_TASK])

    def curve(kind: str, learner: str, positions: ArrayLike, values: ArrayLike) -> list[CurvePoint]:
        pairs = zip(np.asarray(positions, float), np.asarray(values, float), strict=True)
        return [CurvePoint(run.id, step, kind, learner, x, value, None) for x, value in pairs]

    points = curve("function-context", "data", context.inputs[:, 0], context.targets[:, 0])
    points += curve("function-target", "data", queries, held_out_wave(run.config, DRAWN_TASK)(queries))
    for label, model in models.items():
        learned = learned_function(model, context, queries)
        points += curve("function-initial", label, queries, learned.initial)
        points += curve("function-final", label, queries, learned.final)
    return points
