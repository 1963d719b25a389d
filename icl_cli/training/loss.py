"""The training and evaluation loss (Eq. 5): squared error of the query's prediction, halved or not."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.config import LOSS_FACTORS, Loss
from icl_cli.models import BatchedTransformer
from icl_cli.tasks import EpisodeColumns


def episode_losses(model: BatchedTransformer, batch: EpisodeColumns, loss: Loss) -> Float[Array, " batch"]:
    """factor · |ŷ - y|² of every episode, summed over outputs; factor is ½ in the authors' code and 1 in the text."""
    errors = model(batch) - batch.targets[-1]
    return LOSS_FACTORS[loss] * jnp.sum(errors**2, axis=0)
