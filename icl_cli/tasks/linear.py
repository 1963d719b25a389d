"""In-context linear regression: y = W x + noise with a new teacher W in every task (section 3)."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from icl_cli.compilation import materialised
from icl_cli.config import TaskConfig
from icl_cli.tasks.episode import Episode, EpisodeColumns, query_last
from icl_cli.tasks.random import batch_bits, episode_bits, normal, uniform
from icl_cli.tasks.shifts import NO_SHIFT, Shift
from icl_cli.tasks.task import LinearMoments, Task


def linear_episode(key: PRNGKeyArray, index: UInt32[Array, ""], config: TaskConfig, shift: Shift = NO_SHIFT) -> Episode:
    """One task: W ~ teacher_scale · N(0, 1), x ~ U(-half_width, half_width)^d, y = W x + label_noise · N(0, 1).

    **Arguments**: `key` and the episode's `index` decide every draw; `shift` moves inputs and teacher out of the
    training distribution. With `NO_SHIFT` the draws are those of training. The noise is also on the query's target.

    **Returns**: an `Episode` of N pairs and one query.
    """
    sizes = _sizes(config)
    words = jnp.split(episode_bits(key, index, sum(map(math.prod, sizes))), _ends(sizes))
    inputs_words, teacher_words, noise_words = (part.reshape(size) for part, size in zip(words, sizes, strict=True))
    inputs = uniform(inputs_words, config.input_half_width) if shift.inputs is None else shift.inputs
    inputs = shift.input_scale * inputs
    teacher = config.teacher_scale * shift.teacher_scale * normal(teacher_words)
    return query_last(inputs, inputs @ teacher.T + config.label_noise * normal(noise_words))


def linear_columns(key: PRNGKeyArray, indices: UInt32[Array, " batch"], config: TaskConfig) -> EpisodeColumns:
    """`linear_episode` of many `indices` without shift, drawn with the batch as last axis."""
    sizes = _sizes(config)
    words = jnp.split(batch_bits(key, indices, sum(map(math.prod, sizes))), _ends(sizes))
    inputs_words, teacher_words, noise_words = (
        part.reshape(*size, indices.size) for part, size in zip(words, sizes, strict=True)
    )
    inputs = uniform(inputs_words, config.input_half_width)
    teacher = config.teacher_scale * normal(teacher_words)
    targets = materialised(_targets, inputs, teacher)
    if config.label_noise > 0:
        targets = targets + config.label_noise * normal(noise_words)
    return EpisodeColumns(inputs, targets)


def _targets(
    inputs: Float[Array, "examples inputs batch"], teacher: Float[Array, "outputs inputs batch"]
) -> Float[Array, "examples outputs batch"]:
    """W x, one entry of x after the other."""
    targets = teacher[None, :, 0] * inputs[:, None, 0]
    for entry in range(1, inputs.shape[1]):
        targets = targets + teacher[None, :, entry] * inputs[:, None, entry]
    return targets


def _sizes(config: TaskConfig) -> tuple[tuple[int, int], ...]:
    """The shapes of inputs, teacher and noise, in the order in which they take random words."""
    examples = config.context_length + 1
    noise = examples if config.label_noise > 0 else 0
    return (examples, config.input_size), (config.output_size, config.input_size), (noise or 1, config.output_size)


def _ends(sizes: tuple[tuple[int, int], ...]) -> list[int]:
    first, second, _ = map(math.prod, sizes)
    return [first, first + second]


def linear_moments(config: TaskConfig) -> LinearMoments:
    """The moments of the training distribution; U(-a, a) has variance a² / 3 and E x⁴ = a⁴ / 5."""
    return LinearMoments(config.input_half_width**2 / 3, config.teacher_scale**2, config.label_noise**2, 9 / 5)


LINEAR = Task(linear_episode, linear_columns, linear_moments)
