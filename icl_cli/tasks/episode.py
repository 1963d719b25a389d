"""One in-context learning problem: a context of examples, one query, and the answer that the learner must give."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class Context(eqx.Module):
    """The examples that a learner may look at.

    **Fields**: `inputs` x_1 … x_N and `targets` y_1 … y_N, one example a row.
    """

    inputs: Float[Array, "context inputs"]
    targets: Float[Array, "context outputs"]


class Episode(eqx.Module):
    """A context, a query and the query's target.

    Functions of an episode take one; a batch is the same class with a leading axis, made and consumed by `jax.vmap`.
    """

    context: Context
    query: Float[Array, " inputs"]
    target: Float[Array, " outputs"]


class EpisodeColumns(eqx.Module):
    """Many episodes with the batch as last axis: the layout in which small products vectorise on a CPU.

    **Fields**: the N + 1 examples of each episode, the query and its target last.
    """

    inputs: Float[Array, "examples inputs batch"]
    targets: Float[Array, "examples outputs batch"]

    @property
    def episodes(self) -> Episode:
        """The same episodes along a leading axis."""
        return jax.vmap(query_last, in_axes=-1)(self.inputs, self.targets)


def query_last(inputs: Float[Array, "examples inputs"], targets: Float[Array, "examples outputs"]) -> Episode:
    """The episode whose query is the last of N + 1 examples."""
    return Episode(Context(inputs[:-1], targets[:-1]), inputs[-1], targets[-1])


def episode_columns(episodes: Episode) -> EpisodeColumns:
    """Episodes along a leading axis with the batch as last axis: the inverse of `EpisodeColumns.episodes`."""
    inputs = jnp.concatenate([episodes.context.inputs, episodes.query[:, None]], axis=1)
    targets = jnp.concatenate([episodes.context.targets, episodes.target[:, None]], axis=1)
    return EpisodeColumns(jnp.moveaxis(inputs, 0, -1), jnp.moveaxis(targets, 0, -1))
