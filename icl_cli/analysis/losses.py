"""Losses of learners on held-out tasks, within and out of the training distribution."""

from collections.abc import Mapping, Sequence

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.analysis.batch_form import as_columns, batch_predictions, over_chunks
from icl_cli.analysis.estimate import Estimate, Sums, over_tasks
from icl_cli.baselines import Learner
from icl_cli.config import Loss, RunConfig
from icl_cli.tasks import Episode, EpisodeColumns, shifted_held_out
from icl_cli.training.loss import LOSS_FACTORS


def held_out_loss(learner: Learner, episodes: Episode, loss: Loss) -> Estimate:
    """The mean loss of `learner` over a batch of episodes."""
    return _loss(learner, episodes, loss).estimate()


def shifted_losses(
    learners: Mapping[str, Learner], config: RunConfig, kind: str, scales: Sequence[float]
) -> dict[str, list[Estimate]]:
    """Of each learner the loss at each strength α of a shift of `icl_cli.tasks.SHIFT_KINDS` (Figures 2 and 6).

    All strengths and all learners see the same draws, so curves are smooth and their differences paired.
    """
    found: dict[str, list[Estimate]] = {name: [] for name in learners}
    for episodes in shifted_held_out(config, kind, scales):
        for name, learner in learners.items():
            found[name].append(held_out_loss(learner, episodes, config.training.loss))
    return found


@eqx.filter_jit
def _loss(learner: Learner, episodes: Episode, loss: Loss) -> Sums:
    def measure(columns: EpisodeColumns) -> dict[str, Float[Array, " batch"]]:
        error = batch_predictions(learner, columns) - columns.targets[-1]
        return {"loss": LOSS_FACTORS[loss] * jnp.sum(error**2, axis=0)}

    return over_tasks(over_chunks(measure, as_columns(episodes))["loss"])
