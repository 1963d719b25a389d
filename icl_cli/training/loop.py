"""The compiled loop: many optimiser steps in one call, with data drawn on the devices.

The number of steps of a call is an argument of the compiled program, not a part of it. However a run is cut into
calls — for progress, evaluation, or because it was killed and resumed — every step is computed by the same machine
code, so the weights come out bit-identical.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float, Int, Integer

from icl_cli.config import RunConfig
from icl_cli.tasks import EpisodeColumns, training_columns
from icl_cli.training.chunks import AXIS, Chunks, cut, map_own_chunks
from icl_cli.training.devices import Devices, on_all, training_devices
from icl_cli.training.gradient import loss_and_gradient
from icl_cli.training.optimiser import make_optimiser
from icl_cli.training.stacked_weights import of_moments, stacked, unstacked
from icl_cli.training.state import TrainingState

# Steps whose losses one call can return; a longer stretch takes several calls.
LONGEST_CALL = 2048


class StepMetrics(eqx.Module):
    """Loss before, and global gradient norm (unclipped) of, each step of a call; entries past its last step are 0."""

    losses: Float[Array, " steps"]
    gradient_norms: Float[Array, " steps"]


Advance = Callable[[TrainingState, Integer[Array, ""], Int[Array, ""]], tuple[TrainingState, StepMetrics]]


def compiled_loop(config: RunConfig, devices: Devices | None = None) -> Advance:
    """A function (state, seed, count) → (state, metrics) that takes `count` ≤ `LONGEST_CALL` steps.

    It stops before an update whose loss or gradient norm is not finite; `state.step` then tells where. All seeds of a
    configuration share one compilation. `devices` share every batch, by default all.
    """
    return _compiled_loop(_without_seed(config), devices or training_devices(), together=False)


AdvanceAll = Callable[
    [Sequence[TrainingState], Integer[Array, " seeds"], Int[Array, ""]], list[tuple[TrainingState, StepMetrics]]
]


def advance_together(config: RunConfig, runs: int, devices: Devices | None = None) -> AdvanceAll:
    """`compiled_loop` of several seeds, mapped over them as one program: a function (states, seeds, count)."""
    if runs == 1:
        alone = compiled_loop(config, devices)
        return lambda states, seeds, count: [alone(states[0], seeds[0], count)]
    together = _compiled_loop(_without_seed(config), devices or training_devices(), together=True)

    def advance(
        states: Sequence[TrainingState], seeds: Integer[Array, " seeds"], count: Int[Array, ""]
    ) -> list[tuple[TrainingState, StepMetrics]]:
        arrays = [eqx.filter(state, eqx.is_array) for state in states]
        rest = eqx.filter(states[0], eqx.is_array, inverse=True)
        stacked = eqx.combine(jax.tree.map(lambda *leaves: jnp.stack(leaves), *arrays), rest)
        advanced = together(stacked, seeds, count)
        return [_of_seed(advanced, index) for index in range(runs)]

    return advance


def _of_seed(stacked: Any, index: int) -> Any:
    return jax.tree.map(lambda leaf: leaf[index] if eqx.is_array(leaf) else leaf, stacked)


def _without_seed(config: RunConfig) -> str:
    return config.model_copy(update={"seed": 0}).to_json()


@lru_cache(maxsize=8)
def _compiled_loop(config_json: str, devices: Devices, together: bool) -> Advance:
    config = RunConfig.from_json(config_json)
    chunks = cut(config, config.tasks_per_step, devices)
    mesh = Mesh(devices, (AXIS,))

    everywhere = PartitionSpec()

    @eqx.filter_jit(donate="none")
    def advance(
        state: TrainingState, seed: Integer[Array, "*seeds"], count: Int[Array, ""]
    ) -> tuple[TrainingState, StepMetrics]:
        arrays, rest = eqx.partition(state, eqx.is_array)

        def on_device(arrays: TrainingState, seed: Array, count: Array) -> tuple[TrainingState, StepMetrics]:
            advanced, metrics = _advance(config, chunks, eqx.combine(arrays, rest), seed, count)
            return eqx.filter(advanced, eqx.is_array), metrics

        sharded = jax.shard_map(on_device, mesh=mesh, in_specs=everywhere, out_specs=everywhere, check_vma=False)
        mapped = jax.vmap(sharded, in_axes=(0, 0, None)) if together else sharded
        advanced, metrics = mapped(arrays, seed, count)
        return eqx.combine(advanced, rest), metrics

    # A first state comes from one device and later ones from all; unless all look alike, JAX compiles twice.
    return lambda state, seed, count: advance(on_all(state, mesh), seed, count)


def _advance(
    config: RunConfig,
    chunks: Chunks,
    state: TrainingState,
    seed: Integer[Array, ""],
    count: Int[Array, ""],
) -> tuple[TrainingState, StepMetrics]:
    optimiser = make_optimiser(config.training)
    weights, frozen = eqx.partition(state.model, eqx.is_inexact_array)
    unstack = partial(unstacked, layers=len(weights.blocks))

    def draw(step: Int[Array, ""], chunk: Int[Array, ""]) -> EpisodeColumns:
        return training_columns(config, seed, step, chunks.indices(chunk))

    # A whole fixed data set does not depend on the step: it is drawn once per call.
    fixed = config.task.dataset_size is not None and config.training.dataset_batches == "whole"
    dataset = (map_own_chunks(lambda chunk: draw(state.step, chunk), chunks),) if fixed else ()

    def one_step(carry: tuple) -> tuple:
        weights, optimiser_state, step, taken, _, metrics = carry

        def episodes(chunk: Int[Array, ""], *drawn: EpisodeColumns) -> EpisodeColumns:
            return drawn[0] if drawn else draw(step, chunk)

        model = eqx.combine(unstack(weights), frozen)
        loss, gradient = loss_and_gradient(model, config.training.loss, chunks, episodes, *dataset)
        gradient = stacked(gradient)
        norm = optax.tree.norm(gradient)
        # The clip divides by the norm: an infinite one would make every update zero, and training would stand still.
        finite = jnp.isfinite(loss) & jnp.isfinite(norm)
        metrics = StepMetrics(metrics.losses.at[taken].set(loss), metrics.gradient_norms.at[taken].set(norm))

        def updated(gradient: Any) -> tuple[Any, optax.OptState]:
            updates, after = optimiser.update(gradient, optimiser_state, weights)
            return optax.apply_updates(weights, updates), after

        # A branch of its own, so that the update too is compiled alike for all numbers of devices.
        kept = jax.lax.cond(finite, updated, lambda _: (weights, optimiser_state), gradient)
        return (*kept, step + finite, taken + 1, finite, metrics)

    def goes_on(carry: tuple) -> Array:
        taken, finite = carry[3], carry[4]
        return (taken < count) & finite

    empty = StepMetrics(jnp.zeros(LONGEST_CALL), jnp.zeros(LONGEST_CALL))
    at_first = (stacked(weights), of_moments(stacked, state.optimiser))
    start = (*at_first, state.step, jnp.zeros((), jnp.int32), jnp.array(True), empty)
    weights, optimiser_state, step, _, _, metrics = jax.lax.while_loop(goes_on, one_step, start)
    model = eqx.combine(unstack(weights), frozen)
    return TrainingState(model, of_moments(unstack, optimiser_state), step), metrics
