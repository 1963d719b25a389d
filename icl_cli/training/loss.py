"""The training and evaluation loss (Eq. 5): squared error of the query's prediction, halved or not."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.config import Loss
from icl_cli.models import Transformer, batched_predictions
from icl_cli.tasks import EpisodeColumns

LOSS_FACTORS: dict[Loss, float] = {"half-squared-error": 0.5, "squared-error": 1.0}


def episode_losses(model: Transformer, batch: EpisodeColumns, loss: Loss) -> Float[Array, " tasks"]:
    """factor · |ŷ - y|² of every episode, summed over outputs; factor is ½ in the authors' code and 1 in the text."""
    errors = batched_predictions(model, batch) - batch.targets[-1]
    return LOSS_FACTORS[loss] * jnp.sum(errors**2, axis=0)


@eqx.filter_jit
def mean_loss(model: Transformer, batch: EpisodeColumns, loss: Loss) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The mean of `episode_losses` and its Monte-Carlo standard error."""
    losses = episode_losses(model, batch, loss)
    return jnp.mean(losses), jnp.std(losses, ddof=1) / jnp.sqrt(losses.size)
