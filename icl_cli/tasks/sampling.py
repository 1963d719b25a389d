"""Batches of tasks: the only place where episodes get a batch axis.

Compiled as a whole, because the hundreds of operations of a cipher take seconds to compile one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Integer, PRNGKeyArray, UInt32

from icl_cli.config import RunConfig, TaskConfig, UnseenInputs
from icl_cli.errors import UsageError
from icl_cli.tasks.episode import Episode, EpisodeColumns
from icl_cli.tasks.linear import LINEAR
from icl_cli.tasks.random import batch_bits, uniform_integers
from icl_cli.tasks.shifts import NO_SHIFT, UNSEEN_INPUTS, Shift, shift_strengths
from icl_cli.tasks.sine import SINE, Wave, sine_wave
from icl_cli.tasks.streams import Stream, stream_key
from icl_cli.tasks.task import LinearMoments, Task

TASKS: Mapping[str, Task] = {
    "linear": LINEAR,
    "sine": SINE,
}


def task_moments(config: TaskConfig) -> LinearMoments | None:
    """The moments of the training distribution, None for a kind of task that has declared none."""
    moments = TASKS[config.kind].moments
    return None if moments is None else moments(config)


def require_moments(config: TaskConfig) -> LinearMoments:
    """`task_moments`. Raises `UsageError` where there are none, and closed forms would be wrong."""
    moments = task_moments(config)
    if moments is None:
        raise UsageError(
            f"The closed forms are those of tasks with known moments; {config.kind!r} given, which has none."
        )
    return moments


@eqx.filter_jit
def sample_episodes(key: PRNGKeyArray, config: TaskConfig, count: int, shift: Shift = NO_SHIFT) -> Episode:
    """Episodes 0 … count - 1 of `key` along a leading axis, which the inputs of the shift have too."""

    def draw(index: UInt32[Array, ""], inputs: Float[Array, "examples inputs"] | None) -> Episode:
        return TASKS[config.kind].episode(key, index, config, replace(shift, inputs=inputs))

    return jax.vmap(draw)(_all(count), shift.inputs)


def shifted_episodes(
    key: PRNGKeyArray, config: TaskConfig, count: int, kind: str, scales: Sequence[float], treatment: UnseenInputs
) -> Iterator[Episode]:
    """`sample_episodes` at each strength α of a shift of `SHIFT_KINDS`, all of the same draws.

    **Arguments**: `treatment` says what is done with unseen inputs. Raises `UsageError` for an unknown kind.
    """
    for shift in shift_strengths(kind, scales, lambda: _sample_unseen(key, config, count, treatment)):
        yield sample_episodes(key, config, count, shift)


@eqx.filter_jit
def _sample_unseen(
    key: PRNGKeyArray, config: TaskConfig, count: int, treatment: UnseenInputs
) -> Float[Array, "count examples inputs"]:
    shape = (config.context_length + 1, config.input_size)
    return jax.vmap(lambda index: UNSEEN_INPUTS[treatment](jax.random.fold_in(key, index), shape))(_all(count))


@eqx.filter_jit
def sample_columns(key: PRNGKeyArray, config: TaskConfig, count: int) -> EpisodeColumns:
    """`sample_episodes` without shift and with the batch as last axis."""
    return TASKS[config.kind].columns(key, _all(count), config)


@eqx.filter_jit
def training_columns(
    config: RunConfig, seed: Integer[Array, ""], step: Int[Array, ""], indices: UInt32[Array, " batch"] | None = None
) -> EpisodeColumns:
    """The batch of step `step`, or those of its episodes with `indices`: a pure function of (seed, step, index).

    New tasks at every step; of a fixed data set either all tasks, or tasks drawn uniformly and with replacement.
    """
    indices = _all(config.tasks_per_step) if indices is None else indices
    if config.task.dataset_size is None:
        key = jax.random.fold_in(stream_key(seed, Stream.TRAINING_TASKS), step)
    else:
        key = stream_key(seed, Stream.FIXED_DATASET)
    if config.task.dataset_size is not None and config.training.dataset_batches == "random":
        draws = jax.random.fold_in(stream_key(seed, Stream.DATASET_BATCHES), step)
        indices = uniform_integers(batch_bits(draws, indices, 1)[0], config.task.dataset_size)
    return TASKS[config.task.kind].columns(key, indices, config.task)


def held_out_episodes(config: RunConfig) -> Episode:
    """The tasks on which this run, and every run with the same task, is evaluated; never trained or tuned on."""
    key = stream_key(config.evaluation.seed, Stream.HELD_OUT_TASKS)
    return sample_episodes(key, config.task, config.evaluation.tasks)


def shifted_held_out(config: RunConfig, kind: str, scales: Sequence[float]) -> Iterator[Episode]:
    """`held_out_episodes` at each strength α of a shift of `SHIFT_KINDS`. Raises `UsageError` for an unknown kind."""
    key = stream_key(config.evaluation.seed, Stream.HELD_OUT_TASKS)
    return shifted_episodes(key, config.task, config.evaluation.tasks, kind, scales, config.evaluation.unseen_inputs)


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
