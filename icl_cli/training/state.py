"""What a checkpoint holds: weights, optimiser and step. The data of a step follow from (seed, step) alone."""

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Int, UInt32

from icl_cli.config import RunConfig
from icl_cli.models import Transformer, from_bytes, initial_transformer
from icl_cli.tasks.streams import Stream, stream_key
from icl_cli.training.optimiser import make_optimiser


class TrainingState(eqx.Module):
    """A run after `step` optimiser steps."""

    model: Transformer
    optimiser: optax.OptState
    step: Int[Array, ""]


def initial_state(config: RunConfig) -> TrainingState:
    """The state before the first step; the weights are a pure function of the seed."""
    return _initial_state(config.model_copy(update={"seed": 0}), jnp.uint32(config.seed))


@eqx.filter_jit
def _initial_state(config: RunConfig, seed: UInt32[Array, ""]) -> TrainingState:
    # The seed is data: as part of the configuration every seed would compile a program of its own.
    key = stream_key(seed, Stream.INITIAL_WEIGHTS)
    model = initial_transformer(key, config)
    optimiser = make_optimiser(config.training).init(eqx.filter(model, eqx.is_inexact_array))
    return TrainingState(model, optimiser, jnp.zeros((), jnp.int32))


def load_state(config: RunConfig, content: bytes) -> TrainingState:
    """The state that `to_bytes` wrote. Raises `SnapshotError` naming the first array that does not fit `config`."""
    return from_bytes(state_skeleton(config), content)


def state_skeleton(config: RunConfig) -> TrainingState:
    """The state of `config` with shapes in place of arrays: what a stored one must fit."""
    return eqx.filter_eval_shape(initial_state, config)


def is_finite(state: TrainingState) -> bool:
    """Whether every weight is a number."""
    return all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(eqx.filter(state.model, eqx.is_array)))
