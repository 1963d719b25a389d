"""Sine waves: what is drawn, from which numbers, and how shifts act."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, task_config
from scipy import stats

from icl_cli.config import TaskConfig
from icl_cli.tasks import Episode, shifted_episodes
from icl_cli.tasks.sine import sine_columns, sine_episode, sine_wave

COUNT = 20_000
RANGES = [(0.1, 0.5), (0.1, 5.0)]
DRAWS = ["correlated", "independent"]
FLOAT32 = np.finfo(np.float32).eps


def sine_task(**choices: float | str) -> TaskConfig:
    return task_config(kind="sine", **choices)


def waves(low: float, high: float, draw: str, **choices: float) -> TaskConfig:
    return sine_task(amplitude_low=low, amplitude_high=high, phase_draw=draw, **choices)


def stacked(episodes: Episode) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets (task, N + 1) with the query last, in float64."""
    inputs = np.concatenate([episodes.context.inputs, episodes.query[:, None]], axis=1)
    targets = np.concatenate([episodes.context.targets, episodes.target[:, None]], axis=1)
    return inputs[..., 0].astype(np.float64), targets[..., 0].astype(np.float64)


def shifted(config: TaskConfig, kind: str, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """The 500 tasks of `draw_episodes` under a shift."""
    (episodes,) = shifted_episodes(jax.random.key(0), config, 500, kind, [scale], "plain")
    return stacked(episodes)


def amplitudes_and_phases(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a and ρ of every task, from y = (a cos ρ) sin x + (a sin ρ) cos x by least squares."""
    design = np.stack([np.sin(x), np.cos(x)], axis=-1)
    cosine_part, sine_part = np.moveaxis((np.linalg.pinv(design) @ y[..., None])[..., 0], -1, 0)
    return np.hypot(cosine_part, sine_part), np.arctan2(sine_part, cosine_part)


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_one_wave_explains_context_and_query(low, high, draw):
    x, y = stacked(draw_episodes(waves(low, high, draw), 200))
    assert x.shape == y.shape == (200, 11)
    a, phase = amplitudes_and_phases(x, y)
    np.testing.assert_allclose(a[:, None] * np.sin(x + phase[:, None]), y, atol=20 * high * FLOAT32)


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("low", "high"), RANGES)
def test_amplitudes_and_phases_are_uniform(low, high, draw):
    a, phase = amplitudes_and_phases(*stacked(draw_episodes(waves(low, high, draw), COUNT)))
    assert stats.kstest(a, stats.uniform(low, high - low).cdf).pvalue > 1e-3
    assert stats.kstest(phase, stats.uniform(0, np.pi).cdf).pvalue > 1e-3
    for values, mean, width in ((a, (low + high) / 2, high - low), (phase, np.pi / 2, np.pi)):
        variance = width**2 / 12
        assert abs(values.mean() - mean) < 5 * np.sqrt(variance / COUNT)
        # A uniform distribution has kurtosis 9/5.
        assert abs(((values - mean) ** 2).mean() - variance) < 5 * variance * np.sqrt(0.8 / COUNT)


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_a_correlated_phase_is_the_amplitudes_own_draw(low, high):
    a, phase = amplitudes_and_phases(*stacked(draw_episodes(waves(low, high, "correlated"), COUNT)))
    np.testing.assert_allclose(phase / np.pi, (a - low) / (high - low), atol=1e-4)
    assert np.corrcoef(a, phase)[0, 1] > 1 - 1e-8


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_an_independent_phase_is_not(low, high):
    a, phase = amplitudes_and_phases(*stacked(draw_episodes(waves(low, high, "independent"), COUNT)))
    assert abs(np.corrcoef(a, phase)[0, 1]) < 5 / np.sqrt(COUNT)


def mean_square(low: float, high: float, draw: str, half_width: float) -> float:
    """E y² = ½ E a² - ½ E[a² cos 2ρ] E cos 2x; the middle factor is 0 unless the phase is that of the amplitude."""
    square = (high**3 - low**3) / (3 * (high - low))
    middle = (high - low) ** 2 / (2 * np.pi**2) if draw == "correlated" else 0.0
    return 0.5 * square - 0.5 * middle * np.sin(2 * half_width) / (2 * half_width)


@pytest.mark.parametrize("half_width", [5.0, 0.5])
@pytest.mark.parametrize("draw", DRAWS)
def test_the_loss_of_predicting_zero_is_that_of_the_closed_form(draw, half_width):
    low, high = 0.1, 0.5
    episodes = draw_episodes(waves(low, high, draw, input_half_width=half_width), COUNT)
    squares = np.asarray(episodes.target, np.float64) ** 2
    expected = mean_square(low, high, draw, half_width)
    assert abs(squares.mean() - expected) < 5 * squares.std() / np.sqrt(COUNT)
    # Close inputs see the correlation: without it the tolerance would be missed.
    if (draw, half_width) == ("correlated", 0.5):
        assert abs(squares.mean() - mean_square(low, high, "independent", half_width)) > 5 * squares.std() / COUNT**0.5


@pytest.mark.parametrize("half_width", [5.0, 1.0])
def test_inputs_are_uniform_and_independent_of_the_wave(half_width):
    x, y = stacked(draw_episodes(sine_task(phase_draw="independent", input_half_width=half_width), COUNT))
    assert stats.kstest(x.ravel()[:100_000], stats.uniform(-half_width, 2 * half_width).cdf).pvalue > 1e-3
    if half_width == 5.0:
        values = np.column_stack([x, *amplitudes_and_phases(x, y)])
        np.testing.assert_allclose(np.corrcoef(values, rowvar=False), np.eye(13), atol=5 / np.sqrt(COUNT))


@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_label_noise_is_normal_on_context_and_query(scale):
    quiet = waves(1e-6, 2e-6, "correlated", label_noise=scale, context_length=3)
    noise = stacked(draw_episodes(quiet, COUNT))[1]
    assert stats.kstest(noise.ravel() / scale, stats.norm.cdf).pvalue > 1e-3
    np.testing.assert_allclose(
        np.cov(noise, rowvar=False), scale**2 * np.eye(4), atol=5 * scale**2 * np.sqrt(2 / COUNT)
    )


@pytest.mark.parametrize(("draw", "context", "label_noise"), [("correlated", 10, 0.0), ("independent", 4, 0.3)])
def test_columns_are_the_same_episodes(draw, context, label_noise):
    config = sine_task(phase_draw=draw, context_length=context, label_noise=label_noise)
    x, y = stacked(draw_episodes(config, 33, seed=5))
    columns = jax.jit(sine_columns, static_argnums=2)(jax.random.key(5), jnp.arange(33, dtype=jnp.uint32), config)
    again, same = stacked(columns.episodes)
    np.testing.assert_array_equal(again, x)
    np.testing.assert_allclose(same, y, atol=20 * FLOAT32)


def test_episode_is_a_function_of_key_and_index_alone():
    config = sine_task()
    many = draw_episodes(config, 50, seed=1)
    one = jax.jit(sine_episode, static_argnums=2)(jax.random.key(1), jnp.uint32(31), config)
    np.testing.assert_array_equal(one.context.inputs, many.context.inputs[31])
    np.testing.assert_allclose(one.target, many.target[31], atol=1e-6)
    assert not np.isclose(many.query, draw_episodes(config, 50, seed=2).query).any()


def test_the_wave_goes_through_the_examples():
    config = sine_task(phase_draw="independent")
    episodes = draw_episodes(config, 5, seed=3)
    for index in range(5):
        wave = sine_wave(jax.random.key(3), jnp.uint32(index), config)
        np.testing.assert_allclose(wave(episodes.context.inputs[index]), episodes.context.targets[index], atol=1e-6)


@pytest.mark.parametrize("scale", [0.5, 1.7, -2.0])
def test_scales_act_on_inputs_or_amplitude(scale):
    config = sine_task(phase_draw="independent")
    x, y = stacked(draw_episodes(config, 500))
    a, phase = amplitudes_and_phases(x, y)
    louder = shifted(config, "teacher", scale)
    np.testing.assert_array_equal(louder[0], x)
    np.testing.assert_allclose(louder[1], scale * y, atol=1e-6)
    wider = shifted(config, "inputs", scale)
    np.testing.assert_allclose(wider[0], scale * x, rtol=1e-6)
    np.testing.assert_allclose(wider[1], a[:, None] * np.sin(scale * x + phase[:, None]), atol=5e-6)


def test_unseen_inputs_are_still_on_the_wave():
    config = sine_task()
    x, y = stacked(draw_episodes(config, 500))
    a, phase = amplitudes_and_phases(x, y)
    unseen, targets = shifted(config, "unseen-inputs", 2.0)
    assert not np.isclose(unseen, x).any(axis=1).all()
    np.testing.assert_allclose(targets, a[:, None] * np.sin(unseen + phase[:, None]), atol=5e-6)
