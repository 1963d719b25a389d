from functools import cache

import jax
import numpy as np
import pytest
from configs import draw_episodes, task_config
from scipy import stats

from icl_cli.config import TaskConfig
from icl_cli.errors import UsageError
from icl_cli.tasks import Episode, shifted_episodes

PLAIN = task_config(output_size=2, input_size=4, context_length=6)
# Many inputs per task, so that each task's distribution can be told from its own draws.
LONG = task_config(context_length=100)
TASKS = 1000
FLOAT32 = 1e-6


def parts(episodes: Episode) -> tuple[np.ndarray, np.ndarray]:
    inputs = np.concatenate([episodes.context.inputs, episodes.query[:, None]], axis=1)
    targets = np.concatenate([episodes.context.targets, episodes.target[:, None]], axis=1)
    return inputs, targets


def shifted(kind: str, scale: float, treatment: str = "plain", config: TaskConfig = PLAIN) -> tuple[np.ndarray, ...]:
    """The tasks of `draw_episodes(config, TASKS)` under a shift."""
    (episodes,) = shifted_episodes(jax.random.key(0), config, TASKS, kind, [scale], treatment)
    return parts(episodes)


@cache
def unshifted() -> tuple[np.ndarray, np.ndarray]:
    return parts(draw_episodes(PLAIN, TASKS))


@cache
def unseen() -> np.ndarray:
    return shifted("unseen-inputs", 1.0, config=LONG)[0]


def kinds(inputs: np.ndarray) -> np.ndarray:
    """0 normal, 1 exponential, 2 Laplace: the second is never negative; (E|x|)² / E x² is 2/π and ½ for the others."""
    flat = inputs.reshape(len(inputs), -1)
    ratio = np.abs(flat).mean(axis=1) ** 2 / (flat**2).mean(axis=1)
    return np.where((flat >= 0).all(axis=1), 1, np.where(ratio > (2 / np.pi + 0.5) / 2, 0, 2))


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.7, -2.0])
def test_scale_on_inputs_scales_inputs_and_targets(scale):
    inputs, targets = unshifted()
    shifted_inputs, shifted_targets = shifted("inputs", scale)
    np.testing.assert_allclose(shifted_inputs, scale * inputs, rtol=FLOAT32)
    np.testing.assert_allclose(shifted_targets, scale * targets, atol=FLOAT32)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.7, -2.0])
def test_scale_on_teacher_scales_targets_only(scale):
    inputs, targets = unshifted()
    shifted_inputs, shifted_targets = shifted("teacher", scale)
    np.testing.assert_array_equal(shifted_inputs, inputs)
    np.testing.assert_allclose(shifted_targets, scale * targets, atol=FLOAT32)


@pytest.mark.parametrize("kind", ["inputs", "teacher"])
def test_label_noise_is_not_shifted(kind):
    config = task_config(teacher_scale=1e-6, label_noise=1.0)
    targets = parts(draw_episodes(config, TASKS))[1]
    np.testing.assert_allclose(shifted(kind, 3.0, config=config)[1], targets, atol=1e-3)


@pytest.mark.parametrize("kind", ["inputs", "teacher"])
def test_scale_one_is_no_shift(kind):
    for one, other in zip(unshifted(), shifted(kind, 1.0), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("kind", "treatment"),
    [("inputs", "plain"), ("teacher", "plain"), ("unseen-inputs", "normalised"), ("unseen-teacher", "plain")],
)
def test_shifted_tasks_are_still_linear(kind, treatment):
    inputs, targets = shifted(kind, 2.5, treatment)
    inputs, targets = inputs.astype(np.float64), targets.astype(np.float64)
    np.testing.assert_allclose(inputs @ np.linalg.pinv(inputs) @ targets, targets, atol=1e-5)


def test_each_of_three_unseen_kinds_is_drawn_by_a_third_of_the_tasks():
    shares = np.bincount(kinds(unseen()), minlength=3) / TASKS
    assert (np.abs(shares - 1 / 3) < 5 * np.sqrt(2 / 9 / TASKS)).all()


@pytest.mark.parametrize(("kind", "distribution"), [(0, stats.norm), (1, stats.expon), (2, stats.laplace)])
def test_unseen_inputs_have_the_distribution_of_their_kind(kind, distribution):
    inputs = unseen()
    values = inputs[kinds(inputs) == kind].ravel()[::3].astype(np.float64)
    assert values.size > 1e5
    assert stats.kstest(values, distribution.cdf).pvalue > 1e-3


def test_normalised_inputs_are_divided_by_the_norm_of_the_context():
    plain, normalised = (shifted("unseen-inputs", 1.0, treatment)[0] for treatment in ("plain", "normalised"))
    norms = np.linalg.norm(plain[:, :-1], axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(normalised, plain / norms, rtol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_scale_comes_after_the_normalisation(scale):
    inputs = shifted("unseen-inputs", scale, "normalised")[0]
    np.testing.assert_allclose(np.linalg.norm(inputs[:, :-1], axis=(1, 2)), scale, rtol=FLOAT32)


def test_unseen_teacher_leaves_the_inputs_alone():
    inputs, targets = shifted("unseen-inputs", 1.0)
    same, scaled = shifted("unseen-teacher", 2.0)
    np.testing.assert_array_equal(same, inputs)
    np.testing.assert_allclose(scaled, 2 * targets, rtol=1e-5, atol=1e-5)


def test_unknown_shift_is_refused_with_the_allowed_ones():
    with pytest.raises(UsageError, match=r"'input'\. Did you mean 'inputs'\?.*unseen-teacher"):
        next(shifted_episodes(jax.random.key(0), PLAIN, TASKS, "input", [1.0], "plain"))
