"""Means over tasks, with the Monte-Carlo error that every printed number carries."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.tasks import Episode

# Tasks handled at once; bounds memory for long contexts without costing speed for short ones.
TASKS_AT_ONCE = 2500


class Estimate(NamedTuple):
    """A mean over tasks and its standard error; 95% intervals are about twice that wide on either side."""

    value: float
    standard_error: float


class Sums(NamedTuple):
    """Mean and standard error as arrays, inside compiled code."""

    mean: Float[Array, "..."]
    error: Float[Array, "..."]

    def estimate(self) -> Estimate:
        """The same as Python numbers."""
        return Estimate(float(self.mean), float(self.error))


def over_episodes(
    measure: Callable[[Episode], Mapping[str, Float[Array, "..."]]], episodes: Episode
) -> dict[str, Sums]:
    """Mean and standard error of every measure of one episode over a batch of episodes. Meant to be compiled."""
    count = episodes.query.shape[0]
    values = jax.lax.map(measure, episodes, batch_size=min(TASKS_AT_ONCE, count))
    return {name: over_tasks(value) for name, value in values.items()}


def over_tasks(values: Float[Array, "tasks ..."]) -> Sums:
    """Mean and standard error along the leading axis."""
    return Sums(jnp.mean(values, axis=0), jnp.std(values, axis=0, ddof=1) / jnp.sqrt(values.shape[0]))
