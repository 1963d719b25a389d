"""Learners on whole batches, with the batch as last axis: in a form of their own where they have one.

For transformers and gradient descent it is the same algebra, laid out so that a CPU vectorises it, and ten times as
fast as one episode after the other. Episodes do not depend on each other, so one gradient of a sum over the batch holds
the sensitivities of all.
"""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.baselines import Descent, Learner
from icl_cli.models import Transformer, batched_predictions
from icl_cli.tasks import Episode, EpisodeColumns

# So many tasks stay in a core's cache.
CHUNK = 128


def as_columns(episodes: Episode) -> EpisodeColumns:
    """Episodes along a leading axis, laid out with the batch last."""
    inputs = jnp.concatenate([episodes.context.inputs, episodes.query[:, None]], axis=1)
    targets = jnp.concatenate([episodes.context.targets, episodes.target[:, None]], axis=1)
    return EpisodeColumns(jnp.moveaxis(inputs, 0, -1), jnp.moveaxis(targets, 0, -1))


def batch_predictions(learner: Learner, columns: EpisodeColumns) -> Float[Array, "outputs batch"]:
    """The prediction for the query of every episode."""
    if isinstance(learner, Transformer):
        return batched_predictions(learner, columns)
    if isinstance(learner, Descent):
        return learner.predictions(columns)
    return jax.vmap(lambda episode: learner(episode.context, episode.query), out_axes=-1)(columns.episodes)


def batch_sensitivities(
    learner: Learner, columns: EpisodeColumns
) -> tuple[Float[Array, "outputs batch"], Float[Array, "outputs inputs batch"]]:
    """The predictions, and their derivatives by the query, ∂ŷ/∂x_query."""

    def of_query(query: Float[Array, "inputs batch"]) -> Float[Array, "outputs batch"]:
        return batch_predictions(learner, EpisodeColumns(columns.inputs.at[-1].set(query), columns.targets))

    predictions, pull_back = jax.vjp(of_query, columns.inputs[-1])
    chosen = jnp.eye(predictions.shape[0], dtype=predictions.dtype)
    rows = [pull_back(jnp.broadcast_to(output[:, None], predictions.shape))[0] for output in chosen]
    return predictions, jnp.stack(rows)


def over_chunks(
    measure: Callable[[EpisodeColumns], Mapping[str, Float[Array, " batch"]]], columns: EpisodeColumns
) -> dict[str, Float[Array, " batch"]]:
    """A measure of every episode, a cacheful of them at a time. Meant to be compiled."""
    count = columns.targets.shape[-1]
    chunks = -(-count // CHUNK)
    # The last chunk is filled up with episodes from the front, so that one program serves all chunks.
    places = jnp.arange(chunks * CHUNK) % count

    def in_chunks(leaf: Float[Array, "examples entries batch"]) -> Float[Array, "chunks examples entries chunk"]:
        return jnp.moveaxis(leaf[..., places].reshape(*leaf.shape[:-1], chunks, CHUNK), -2, 0)

    found = jax.lax.map(measure, jax.tree.map(in_chunks, columns))
    return {name: value.ravel()[:count] for name, value in found.items()}
