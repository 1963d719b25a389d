"""The loss of one step and its gradient, chunk by chunk on all devices."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from icl_cli.compilation import materialised
from icl_cli.config import Loss
from icl_cli.models import BatchedTransformer, Transformer, batched
from icl_cli.tasks import EpisodeColumns
from icl_cli.training.chunks import Chunks, map_chunks
from icl_cli.training.loss import episode_losses


def loss_and_gradient(
    model: Transformer,
    loss: Loss,
    chunks: Chunks,
    draw: Callable[..., EpisodeColumns],
    *dataset: EpisodeColumns,
) -> tuple[Float[Array, ""], Transformer]:
    """The mean loss over the episodes of `chunks`, and its gradient with respect to the weights of `model`.

    **Arguments**: `draw(chunk, *dataset of the chunk)` gives the episodes of a chunk. Products of weights are formed,
    and differentiated, once for all chunks.
    """
    weights, frozen = eqx.partition(model, eqx.is_inexact_array)

    def products(weights: Transformer) -> BatchedTransformer:
        return eqx.filter(batched(eqx.combine(weights, frozen)), eqx.is_inexact_array)

    ready, pull_back = jax.vjp(products, weights)
    rest = eqx.filter(batched(model), eqx.is_inexact_array, inverse=True)

    _, unravel = ravel_pytree((0.0, ready))

    def of_chunk(chunk: Int[Array, ""], *data: EpisodeColumns) -> Float[Array, " numbers"]:
        episodes = draw(chunk, *data)

        def total(ready: BatchedTransformer) -> Float[Array, ""]:
            losses = episode_losses(eqx.combine(ready, rest), episodes, loss)
            return jnp.sum(jnp.where(chunks.counts(chunk), losses, 0.0))

        # As one vector, because every array that devices exchange makes them wait for each other.
        return ravel_pytree(jax.value_and_grad(total)(ready))[0]

    def mean(parts: Float[Array, "chunks numbers"]) -> Float[Array, " numbers"]:
        return jnp.sum(parts, axis=0) / chunks.episodes

    # Apart from what surrounds it, the sum is compiled alike for all numbers of devices.
    value, gradient = unravel(materialised(mean, map_chunks(of_chunk, chunks, *dataset)))
    return value, pull_back(gradient)[0]
