"""The loss of a learner on the whole population of a problem's tasks, rare contexts included."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_cli.analysis.batch_form import batch_predictions, over_chunks
from icl_cli.analysis.estimate import Estimate
from icl_cli.analysis.losses import held_out_loss
from icl_cli.baselines import Learner, Problem
from icl_cli.baselines.spectral import tuning_episodes
from icl_cli.baselines.weighted_tasks import FIRST_FRESH_PART, fresh_samples
from icl_cli.tasks import EpisodeColumns, task_moments


def population_loss(learner: Learner, problem: Problem, *, with_rare: bool = True) -> Estimate:
    """The mean squared error of `learner`, on tasks that no tuning has seen.

    The mean over independent samples, in which rare contexts, amplified most by methods of many steps, stand with their
    weights; its standard error is that of their spread. A plain sample of such heavy-tailed losses would be too low
    nearly always, and so would its standard error. Both are infinite where an error is. For tasks without known moments
    it is the mean over one plain sample.

    **Arguments**: `with_rare` is whether rare contexts count. They do not for one step, nor for a method whose residual
    is bounded, and leaving them out saves minutes where inputs are large.
    """
    if task_moments(problem.task) is None:
        return held_out_loss(learner, tuning_episodes(problem, FIRST_FRESH_PART), "squared-error")
    means = np.nan_to_num(
        [
            float(_weighted_error(learner, sample.columns, sample.weights))
            for sample in fresh_samples(problem, with_rare=with_rare)
        ],
        nan=np.inf,
    )
    if not np.isfinite(means).all():
        return Estimate(float("inf"), float("inf"))
    return Estimate(float(means.mean()), float(means.std(ddof=1) / np.sqrt(means.size)))


@eqx.filter_jit
def _weighted_error(learner: Learner, columns: EpisodeColumns, weights: Float[Array, " batch"]) -> Float[Array, ""]:
    def measure(part: EpisodeColumns) -> dict[str, Float[Array, " batch"]]:
        return {"error": jnp.sum((batch_predictions(learner, part) - part.targets[-1]) ** 2, axis=0)}

    return jnp.sum(weights * over_chunks(measure, columns)["error"])
