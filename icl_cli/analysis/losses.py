"""Losses of learners on held-out tasks, within and out of the training distribution."""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.analysis.batch_form import as_columns, batch_predictions, over_chunks
from icl_cli.analysis.estimate import Estimate, Sums, over_tasks
from icl_cli.baselines import Learner
from icl_cli.config import Loss, RunConfig
from icl_cli.tasks import Episode, EpisodeColumns, held_out_episodes, shift
from icl_cli.training.loss import LOSS_FACTORS


def held_out_loss(learner: Learner, episodes: Episode, loss: Loss) -> Estimate:
    """The mean loss of `learner` over a batch of episodes."""
    return _loss(learner, episodes, loss).estimate()


def shifted_losses(learner: Learner, config: RunConfig, kind: str, scales: Sequence[float]) -> list[Estimate]:
    """The loss at each strength α of a shift of `icl_cli.tasks.SHIFT_KINDS` (Figures 2 and 6).

    All strengths and all learners see the same draws, so curves are smooth and their differences paired.
    """
    sums = _shifted(learner, config.model_copy(update={"seed": 0}), kind, jnp.asarray(scales))
    return [Estimate(float(mean), float(error)) for mean, error in zip(sums.mean, sums.error, strict=True)]


@eqx.filter_jit
def _loss(learner: Learner, episodes: Episode, loss: Loss) -> Sums:
    def measure(columns: EpisodeColumns) -> dict[str, Float[Array, " batch"]]:
        error = batch_predictions(learner, columns) - columns.targets[-1]
        return {"loss": LOSS_FACTORS[loss] * jnp.sum(error**2, axis=0)}

    return over_tasks(over_chunks(measure, as_columns(episodes))["loss"])


@eqx.filter_jit
def _shifted(learner: Learner, config: RunConfig, kind: str, scales: Float[Array, " scales"]) -> Sums:
    def at(scale: Float[Array, ""]) -> Sums:
        episodes = held_out_episodes(config, shift(kind, scale, config.evaluation.unseen_inputs))
        return _loss(learner, episodes, config.training.loss)

    return jax.lax.map(at, scales)
