"""In-context regression of sine waves: y = a sin(x + ρ) with a new amplitude a and phase ρ in every task (A.7).

The authors' code draws amplitude and phase from the same random number: a task is then one point of a line, not of a
rectangle. The text, and the tasks of Finn et al. (2017), have both independent.
"""

import math
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

from icl_cli.compilation import materialised
from icl_cli.config import TaskConfig
from icl_cli.tasks.episode import Episode, EpisodeColumns, query_last
from icl_cli.tasks.random import batch_bits, episode_bits, normal, uniform
from icl_cli.tasks.shifts import NO_SHIFT, Shift
from icl_cli.tasks.task import Task

Wave = Callable[[Float[Array, "*shape"]], Float[Array, "*shape"]]


def sine_episode(key: PRNGKeyArray, index: UInt32[Array, ""], config: TaskConfig, shift: Shift = NO_SHIFT) -> Episode:
    """One task: a ~ U(amplitude_low, amplitude_high), ρ ~ U(0, π), x ~ U(-half_width, half_width), y = a sin(x + ρ).

    **Arguments**: `key` and the episode's `index` decide every draw; `shift` moves inputs and amplitude (its teacher)
    out of the training distribution. Noise of standard deviation `label_noise` is also on the query's target.

    **Returns**: an `Episode` of N pairs and one query, with one number in x and in y.
    """
    examples = config.context_length + 1
    words = episode_bits(key, index, _word_count(config))
    inputs = uniform(words[:examples, None], config.input_half_width) if shift.inputs is None else shift.inputs
    inputs = shift.input_scale * inputs
    amplitude, phase = _wave(words[examples], words[examples + 1], config)
    targets = shift.teacher_scale * amplitude * jnp.sin(inputs + phase)
    if config.label_noise > 0:
        targets = targets + config.label_noise * normal(words[examples + 2 :, None])
    return query_last(inputs, targets)


def sine_columns(key: PRNGKeyArray, indices: UInt32[Array, " batch"], config: TaskConfig) -> EpisodeColumns:
    """`sine_episode` of many `indices` without shift, drawn with the batch as last axis."""
    examples = config.context_length + 1
    words = batch_bits(key, indices, _word_count(config))
    inputs = uniform(words[:examples, None], config.input_half_width)
    amplitude, phase = _wave(words[examples], words[examples + 1], config)
    targets = materialised(lambda a, x, p: a * jnp.sin(x + p), amplitude, inputs, phase)
    if config.label_noise > 0:
        targets = targets + config.label_noise * normal(words[examples + 2 :, None])
    return EpisodeColumns(inputs, targets)


def sine_wave(key: PRNGKeyArray, index: UInt32[Array, ""], config: TaskConfig) -> Wave:
    """The task's noise-free function, of any inputs."""
    words = episode_bits(key, index, _word_count(config))
    examples = config.context_length + 1
    amplitude, phase = _wave(words[examples], words[examples + 1], config)
    return lambda inputs: amplitude * jnp.sin(inputs + phase)


def _wave(
    amplitude_words: UInt32[Array, "*batch"], phase_words: UInt32[Array, "*batch"], config: TaskConfig
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Amplitude and phase, both from the first words where they are correlated."""
    if config.amplitude_low is None or config.amplitude_high is None:
        raise ValueError("a sine task has a range of amplitudes")
    phase_words = amplitude_words if config.phase_draw == "correlated" else phase_words
    low, high = config.amplitude_low, config.amplitude_high
    amplitude = (low + high) / 2 + uniform(amplitude_words, (high - low) / 2)
    return amplitude, math.pi / 2 + uniform(phase_words, math.pi / 2)


def _word_count(config: TaskConfig) -> int:
    """Random words of inputs, amplitude, phase and noise, in this order."""
    examples = config.context_length + 1
    return examples + 2 + (examples if config.label_noise > 0 else 0)


SINE = Task(sine_episode, sine_columns)
