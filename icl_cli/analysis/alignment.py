"""How alike two learners are, task by task (section 3): losses, predictions and sensitivities to the query.

Both learners see the same episodes, so differences are paired and their errors small.
"""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_cli.analysis.batch_form import as_columns, batch_sensitivities, over_chunks
from icl_cli.analysis.estimate import Estimate, Sums, over_tasks
from icl_cli.analysis.tails import robust_measures, tail_measures
from icl_cli.baselines import Learner
from icl_cli.config import Loss
from icl_cli.tasks import Episode, EpisodeColumns
from icl_cli.training.loss import LOSS_FACTORS

MEASURES = {
    "model_loss": "loss of the model",
    "baseline_loss": "loss of the baseline on the same tasks",
    "loss_difference": "model_loss - baseline_loss, paired",
    "prediction_difference": "|ŷ_model - ŷ_baseline|",
    "cosine": "cosine of the sensitivities ∂ŷ/∂x_query",
    "model_difference": "L2 norm of the difference of the sensitivities",
}


def alignment(model: Learner, baseline: Learner, episodes: Episode, loss: Loss) -> dict[str, Estimate]:
    """Every entry of `MEASURES`, averaged over `episodes` (a batch along the leading axis)."""
    return {name: sums.estimate() for name, sums in _alignment(model, baseline, episodes, loss)[0].items()}


def robust_alignment(
    model: Learner, baseline: Learner, episodes: Episode, loss: Loss, baseline_tail_index: float = math.inf
) -> dict[str, Estimate]:
    """As `alignment`, and what stands in the place of mean losses that say nothing (`icl_cli.heavy_tails`).

    **Arguments**: `baseline_tail_index` is that of the baseline's loss by theory; of the model's only the sample tells.
    """
    sums, samples = _alignment(model, baseline, episodes, loss)
    values = {name: np.asarray(sample, np.float64) for name, sample in samples.items()}
    indices = {"model_loss": math.inf, "baseline_loss": baseline_tail_index}
    tails = [tail_measures(name, values[name], index) for name, index in indices.items()]
    measures = {name: value.estimate() for name, value in sums.items()}
    for found in (*tails, robust_measures(values, heavy=any(tails))):
        measures |= found
    return measures


@eqx.filter_jit
def _alignment(
    model: Learner, baseline: Learner, episodes: Episode, loss: Loss
) -> tuple[dict[str, Sums], dict[str, Array]]:
    """Means over tasks, and the values of every task."""
    factor = LOSS_FACTORS[loss]

    def measure(columns: EpisodeColumns) -> dict[str, Float[Array, " batch"]]:
        (ours, model_slopes), (theirs, baseline_slopes) = (
            batch_sensitivities(learner, columns) for learner in (model, baseline)
        )
        target = columns.targets[-1]
        model_loss, baseline_loss = (factor * jnp.sum((each - target) ** 2, axis=0) for each in (ours, theirs))
        return {
            "model_loss": model_loss,
            "baseline_loss": baseline_loss,
            "loss_difference": model_loss - baseline_loss,
            "prediction_difference": jnp.linalg.norm(ours - theirs, axis=0),
            "cosine": cosine(model_slopes, baseline_slopes),
            "model_difference": _norm(model_slopes - baseline_slopes),
            "vanishes": jnp.minimum(_largest(model_slopes), _largest(baseline_slopes)) == 0,
        }

    values = over_chunks(measure, as_columns(episodes))
    vanishes = values.pop("vanishes")
    # The clip of a rare task makes its sensitivity zero: it counts as not aligned, unless all tasks are like that.
    values["cosine"] = jnp.where(vanishes & ~jnp.all(vanishes), 0.0, values["cosine"])
    return {name: over_tasks(each) for name, each in values.items()}, values


def cosine(
    first: Float[Array, "outputs inputs batch"], second: Float[Array, "outputs inputs batch"]
) -> Float[Array, " batch"]:
    """The cosine of two matrices of every episode, as vectors; NaN, undefined, if one of them vanishes."""
    # Scaled to entries of at most 1, because squares of small sensitivities would vanish in float32.
    ours, theirs = (matrix / _largest(matrix) for matrix in (first, second))
    return jnp.sum(ours * theirs, axis=(0, 1)) / (_norm(ours) * _norm(theirs))


def _largest(matrices: Float[Array, "outputs inputs batch"]) -> Float[Array, " batch"]:
    return jnp.max(jnp.abs(matrices), axis=(0, 1))


def _norm(matrices: Float[Array, "outputs inputs batch"]) -> Float[Array, " batch"]:
    return jnp.sqrt(jnp.sum(matrices**2, axis=(0, 1)))
