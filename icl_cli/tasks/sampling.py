"""Batches of tasks: the only place where episodes get a batch axis.

Compiled as a whole, because the hundreds of operations of a cipher take seconds to compile one by one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Integer, PRNGKeyArray, UInt32

from icl_cli.config import RunConfig, TaskConfig
from icl_cli.tasks.episode import Episode, EpisodeColumns
from icl_cli.tasks.linear import linear_columns, linear_episode
from icl_cli.tasks.shifts import NO_SHIFT, Shift
from icl_cli.tasks.sine import Wave, sine_columns, sine_episode, sine_wave
from icl_cli.tasks.streams import Stream, stream_key


@dataclass(frozen=True)
class Task:
    """A kind of task: how one episode is drawn, and the same for many with the batch as last axis."""

    episode: Callable[[PRNGKeyArray, UInt32[Array, ""], TaskConfig, Shift], Episode]
    columns: Callable[[PRNGKeyArray, UInt32[Array, " batch"], TaskConfig], EpisodeColumns]


TASKS: Mapping[str, Task] = {
    "linear": Task(linear_episode, linear_columns),
    "sine": Task(sine_episode, sine_columns),
}


@eqx.filter_jit
def sample_episodes(key: PRNGKeyArray, config: TaskConfig, count: int, shift: Shift = NO_SHIFT) -> Episode:
    """Episodes 0 … count - 1 of `key` along a leading axis."""
    draw = TASKS[config.kind].episode
    return jax.vmap(lambda index: draw(key, index, config, shift))(_all(count))


@eqx.filter_jit
def sample_columns(key: PRNGKeyArray, config: TaskConfig, count: int) -> EpisodeColumns:
    """`sample_episodes` without shift and with the batch as last axis."""
    return TASKS[config.kind].columns(key, _all(count), config)


@eqx.filter_jit
def training_columns(
    config: RunConfig, seed: Integer[Array, ""], step: Int[Array, ""], indices: UInt32[Array, " batch"] | None = None
) -> EpisodeColumns:
    """The batch of step `step`, or those of its episodes with `indices`: a pure function of (seed, step, index).

    New tasks, or the same fixed data set at every step.
    """
    if config.task.dataset_size is None:
        key = jax.random.fold_in(stream_key(seed, Stream.TRAINING_TASKS), step)
    else:
        key = stream_key(seed, Stream.FIXED_DATASET)
    indices = _all(config.tasks_per_step) if indices is None else indices
    return TASKS[config.task.kind].columns(key, indices, config.task)


def held_out_episodes(config: RunConfig, shift: Shift = NO_SHIFT) -> Episode:
    """The tasks on which this run, and every run with the same task, is evaluated; never trained or tuned on."""
    key = stream_key(config.evaluation.seed, Stream.HELD_OUT_TASKS)
    return sample_episodes(key, config.task, config.evaluation.tasks, shift)


def held_out_wave(config: RunConfig, index: int) -> Wave:
    """The function behind one of the held-out sine tasks."""
    key = stream_key(config.evaluation.seed, Stream.HELD_OUT_TASKS)
    return sine_wave(key, jnp.uint32(index), config.task)


@eqx.filter_jit
def held_out_columns(config: RunConfig, indices: UInt32[Array, " batch"] | None = None) -> EpisodeColumns:
    """`held_out_episodes`, or those of them with `indices`, with the batch as last axis."""
    key = stream_key(config.evaluation.seed, Stream.HELD_OUT_TASKS)
    indices = _all(config.evaluation.tasks) if indices is None else indices
    return TASKS[config.task.kind].columns(key, indices, config.task)


def _all(count: int) -> UInt32[Array, " count"]:
    return jnp.arange(count, dtype=jnp.uint32)
