"""What can be measured of a stored run beside its comparisons, and kept as curves.

A new analysis is one function here and one line in `_ALL`; single numbers are curves of one point at x = 0.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from icl_cli.analysis import (
    Estimate,
    cancellation_score,
    copying_sensitivities,
    find_plateau,
    measured_critical_damping,
    predicted_critical_damping,
    roll_out,
)
from icl_cli.analysis.copying import CopyingDefinition
from icl_cli.config import RunConfig
from icl_cli.errors import unknown_name
from icl_cli.models import Transformer
from icl_cli.numerics import fixed_numerics
from icl_cli.store import CurvePoint, Database, Run, store_comparisons
from icl_cli.sweeps.analysed_run import AnalysedRun
from icl_cli.sweeps.attention_points import MOST_TOKENS, attention_points, token_count
from icl_cli.sweeps.curvature_points import curvature_points
from icl_cli.sweeps.telling import Tell

# λ of Figure 10 and of the roll-out beside Figure 2.
DAMPINGS = (1.0, 0.875, 0.75)
APPLICATIONS = 50
COPYING_TASKS = 1000


# The points of every analysis, by its name.
AnalysedPoints = dict[str, list[CurvePoint]]


@dataclass(frozen=True)
class Analysis:
    """An entry of the registry: what it measures, of which runs (`summary` says both), and how.

    `kind` is that of a curve by which the database shows that a run was analysed.
    """

    name: str
    summary: str
    kind: str
    applies: Callable[[RunConfig], bool]
    measure: Callable[[AnalysedRun], list[CurvePoint]]


@fixed_numerics()
def analyse_run(database: Database, run: Run, names: Sequence[str], tell: Tell) -> AnalysedPoints:
    """Measure those of the analyses `names` that apply to `run`, and store their points in place of earlier ones.

    **Arguments**: `tell` hears, in a few words, what is being done. **Returns** the points of each analysis by name.
    """
    analysed = AnalysedRun(database, run, tell)
    points: AnalysedPoints = {}
    for analysis in map(get_analysis, names):
        if analysis.applies(run.config):
            tell(analysis.name)
            points[analysis.name] = analysis.measure(analysed)
            store_comparisons(database, [], points[analysis.name])
    return points


def get_analysis(name: str) -> Analysis:
    """The analysis called `name`. Raises `UsageError` with the list of all for any other name."""
    if name not in ANALYSES:
        raise unknown_name("analysis", name, ANALYSES)
    return ANALYSES[name]


def _one_layer(config: RunConfig) -> bool:
    return config.model.layers == 1


def _plain(config: RunConfig) -> bool:
    """Whether every layer is linear attention over merged tokens and nothing else."""
    model = config.model
    alone = model.layer_norm == "none" and model.mlp_widening is None and model.positional_encoding == "none"
    return alone and set(model.attention) == {"linear"}


def _rolled_layers(analysed: AnalysedRun) -> dict[str, Transformer]:
    construction = analysed.tuned("gd").construction()
    return {"model": analysed.model} | ({} if construction is None else {"gd": construction})


def _roll_out(analysed: AnalysedRun) -> list[CurvePoint]:
    points, loss = [], analysed.config.training.loss
    for learner, layer in _rolled_layers(analysed).items():
        for damping in DAMPINGS:
            losses = roll_out(layer, analysed.episodes, loss, damping, APPLICATIONS)
            points += analysed.curve(f"roll-out-{damping:g}", learner, range(APPLICATIONS + 1), losses)
    return points


def _critical_damping(analysed: AnalysedRun) -> list[CurvePoint]:
    points, episodes = [], analysed.episodes
    for learner, layer in _rolled_layers(analysed).items():
        predicted = predicted_critical_damping(layer, episodes)
        measured = measured_critical_damping(layer, episodes, analysed.config.training.loss, APPLICATIONS)
        points += [
            analysed.scalar("critical-damping", f"{learner}-predicted", predicted),
            analysed.scalar("critical-damping", f"{learner}-measured", measured),
        ]
    return points


def _cancellation(analysed: AnalysedRun) -> list[CurvePoint]:
    task = analysed.config.task
    score = cancellation_score(analysed.model.blocks[0].attention, task.input_size, task.output_size)
    return [analysed.scalar("cancellation", "score", score)]


def _plateau(analysed: AnalysedRun) -> list[CurvePoint]:
    """The onset of a run that never leaves its plateau is NaN."""
    losses = analysed.metrics("held_out_loss")
    found = find_plateau([metric.step for metric in losses], [metric.value for metric in losses])
    onset = math.nan if found.onset is None else float(found.onset)
    values = {"level": found.level, "onset": onset, "final": found.final}
    return [analysed.scalar("plateau", learner, value) for learner, value in values.items()]


def _copying(analysed: AnalysedRun) -> list[CurvePoint]:
    """Over training, by both definitions; on some of the held-out tasks, for derivatives of all tokens are many."""
    episodes = analysed.first_episodes(COPYING_TASKS)
    found: dict[tuple[str, str], list[Estimate]] = {}
    for step in analysed.steps:
        analysed.tell(f"copying at step {step}")
        model = analysed.model_at(step)
        for definition in get_args(CopyingDefinition):
            for learner, estimate in copying_sensitivities(model, episodes, definition).items():
                found.setdefault((f"copying-{definition}", learner), []).append(estimate)
    return [
        point
        for (kind, learner), estimates in found.items()
        for point in analysed.curve(kind, learner, analysed.steps, estimates)
    ]


_ALL = (
    Analysis(
        "roll-out", "the layer applied again and again, beside GD: one layer", "roll-out-1", _one_layer, _roll_out
    ),
    Analysis(
        "critical-damping",
        "λ at which the roll-out diverges, predicted and measured: one linear layer without a clip",
        "critical-damping",
        lambda config: _one_layer(config) and _plain(config) and config.model.token_clip is None,
        _critical_damping,
    ),
    Analysis(
        "curvature",
        "γ of the first layer and what it does to the eigenvalues of X Xᵀ: two or more linear layers",
        "curvature-rate",
        lambda config: not _one_layer(config) and _plain(config),
        curvature_points,
    ),
    Analysis(
        "cancellation",
        "whether the first layer's heads correct each other: two or more heads",
        "cancellation",
        lambda config: config.model.heads > 1,
        _cancellation,
    ),
    Analysis(
        "copying",
        "how much tokens after the first layer depend on the next ones: interleaved tokens",
        "copying-mean-of-norms",
        lambda config: config.model.tokens == "interleaved",
        _copying,
    ),
    Analysis(
        "attention",
        f"what every token attends to, mean over tasks: up to {MOST_TOKENS} tokens",
        "attention-1-1",
        lambda config: token_count(config) <= MOST_TOKENS,
        attention_points,
    ),
    Analysis(
        "plateau",
        "the plateau of the held-out loss and the step that ends it: every run",
        "plateau",
        lambda _: True,
        _plateau,
    ),
)

ANALYSES: Mapping[str, Analysis] = {analysis.name: analysis for analysis in _ALL}
