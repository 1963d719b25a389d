"""The compiled loop: many optimiser steps in one call, with data drawn on the device.

The number of steps of a call is an argument of the compiled program, not a part of it. However a run is cut into
calls — for progress, evaluation, or because it was killed and resumed — every step is computed by the same machine
code, so the weights come out bit-identical.
"""

from collections.abc import Callable
from functools import lru_cache

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Integer

from icl_cli.config import RunConfig
from icl_cli.models import Transformer
from icl_cli.tasks import EpisodeColumns, training_columns
from icl_cli.training.loss import episode_losses
from icl_cli.training.optimiser import make_optimiser
from icl_cli.training.state import TrainingState

# Steps whose losses one call can return; a longer stretch takes several calls.
LONGEST_CALL = 2048


class StepMetrics(eqx.Module):
    """Loss before, and global gradient norm (unclipped) of, each step of a call; entries past its last step are 0."""

    losses: Float[Array, " steps"]
    gradient_norms: Float[Array, " steps"]


Advance = Callable[[TrainingState, Integer[Array, ""], Int[Array, ""]], tuple[TrainingState, StepMetrics]]


def compiled_loop(config: RunConfig) -> Advance:
    """A function (state, seed, count) → (state, metrics) that takes `count` ≤ `LONGEST_CALL` steps.

    It stops before an update whose loss is not finite; `state.step` then tells where. All seeds of a configuration
    share one compilation.
    """
    return _compiled_loop(config.model_copy(update={"seed": 0}).to_json())


@lru_cache(maxsize=8)
def _compiled_loop(config_json: str) -> Advance:
    config = RunConfig.from_json(config_json)
    optimiser = make_optimiser(config.training)

    def loss_of(model: Transformer, episodes: EpisodeColumns) -> Float[Array, ""]:
        return jnp.mean(episode_losses(model, episodes, config.training.loss))

    def draw(seed: Integer[Array, ""], step: Int[Array, ""]) -> EpisodeColumns:
        return training_columns(config, seed, step)

    def advance(
        state: TrainingState, seed: Integer[Array, ""], count: Int[Array, ""]
    ) -> tuple[TrainingState, StepMetrics]:
        trained, frozen = eqx.partition(state.model, eqx.is_inexact_array)
        # A fixed data set does not depend on the step: it is drawn once per call.
        dataset = None if config.task.dataset_size is None else draw(seed, state.step)

        def one_step(carry: tuple) -> tuple:
            weights, optimiser_state, step, taken, _, metrics = carry
            episodes = draw(seed, step) if dataset is None else dataset
            loss, gradient = jax.value_and_grad(lambda w: loss_of(eqx.combine(w, frozen), episodes))(weights)
            finite = jnp.isfinite(loss)
            metrics = StepMetrics(
                metrics.losses.at[taken].set(loss),
                metrics.gradient_norms.at[taken].set(optax.tree.norm(gradient)),
            )
            updates, updated = optimiser.update(gradient, optimiser_state, weights)
            kept = jax.tree.map(
                lambda new, old: jnp.where(finite, new, old),
                (optax.apply_updates(weights, updates), updated),
                (weights, optimiser_state),
            )
            return (*kept, step + finite, taken + 1, finite, metrics)

        def goes_on(carry: tuple) -> Array:
            taken, finite = carry[3], carry[4]
            return (taken < count) & finite

        empty = StepMetrics(jnp.zeros(LONGEST_CALL), jnp.zeros(LONGEST_CALL))
        start = (trained, state.optimiser, state.step, jnp.zeros((), jnp.int32), jnp.array(True), empty)
        weights, optimiser_state, step, _, _, metrics = jax.lax.while_loop(goes_on, one_step, start)
        return TrainingState(eqx.combine(weights, frozen), optimiser_state, step), metrics

    return eqx.filter_jit(advance, donate="none")
