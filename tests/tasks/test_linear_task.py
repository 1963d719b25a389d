import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, task_config
from scipy import stats

from icl_cli.errors import UsageError
from icl_cli.tasks import Episode, require_moments
from icl_cli.tasks.linear import linear_columns, linear_episode, linear_moments

SIZES = [(1, 1, 1), (2, 3, 10), (3, 5, 5)]  # outputs, inputs, context
COUNT = 20_000


def stacked(episodes: Episode) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (task, N + 1, d) and targets (task, N + 1, outputs) with the query last, in float64."""
    inputs = np.concatenate([episodes.context.inputs, episodes.query[:, None]], axis=1)
    targets = np.concatenate([episodes.context.targets, episodes.target[:, None]], axis=1)
    return inputs.astype(np.float64), targets.astype(np.float64)


def draw(count: int = COUNT, seed: int = 0, **choices: float) -> tuple[np.ndarray, np.ndarray]:
    return stacked(draw_episodes(task_config(**choices), count, seed))


def draw_noise(label_noise: float) -> np.ndarray:
    """Targets of a teacher too small to count."""
    return draw(context_length=3, input_size=2, label_noise=label_noise, teacher_scale=1e-6)[1]


def draw_teachers(teacher_scale: float, outputs: int = 2, inputs: int = 3) -> np.ndarray:
    """Teachers (task, inputs, outputs) by solving noise-free tasks with many more examples than inputs."""
    x, y = draw(output_size=outputs, input_size=inputs, context_length=6 * inputs, teacher_scale=teacher_scale)
    return np.linalg.pinv(x) @ y


def assert_moments(values: np.ndarray, variance: float, kurtosis: float) -> None:
    """Mean 0 and the given variance, both within five standard errors of independent draws."""
    standard_error = np.sqrt(variance / values.size)
    assert abs(values.mean()) < 5 * standard_error
    assert abs(np.mean(values**2) - variance) < 5 * variance * np.sqrt((kurtosis - 1) / values.size)


def assert_uncorrelated(values: np.ndarray) -> None:
    """The columns of `values` (draw, variable)."""
    correlations = np.corrcoef(values, rowvar=False)
    np.testing.assert_allclose(correlations, np.eye(values.shape[1]), atol=5 / np.sqrt(len(values)))


@pytest.mark.parametrize(("outputs", "inputs", "context"), SIZES)
def test_one_linear_teacher_explains_context_and_query(outputs, inputs, context):
    x, y = draw(100, output_size=outputs, input_size=inputs, context_length=context)
    assert x.shape == (100, context + 1, inputs)
    assert y.shape == (100, context + 1, outputs)
    np.testing.assert_allclose(x @ np.linalg.pinv(x) @ y, y, atol=1e-5)


def test_context_alone_determines_the_query_target():
    x, y = draw(500, output_size=2, input_size=4, context_length=12)
    teachers = np.linalg.pinv(x[:, :-1]) @ y[:, :-1]
    np.testing.assert_allclose(x[:, -1:] @ teachers, y[:, -1:], atol=2e-5)


@pytest.mark.parametrize(
    ("outputs", "inputs", "context", "label_noise"), [(1, 10, 10, 0.0), (2, 3, 4, 0.0), (2, 3, 4, 0.3)]
)
def test_columns_are_the_same_episodes(outputs, inputs, context, label_noise):
    config = task_config(
        output_size=outputs, input_size=inputs, context_length=context, label_noise=label_noise, input_half_width=0.8
    )
    x, y = stacked(draw_episodes(config, 33, seed=5))
    columns = jax.jit(linear_columns, static_argnums=2)(jax.random.key(5), jnp.arange(33, dtype=jnp.uint32), config)
    again, same = stacked(columns.episodes)
    np.testing.assert_array_equal(again, x)
    np.testing.assert_allclose(same, y, atol=20 * inputs * np.finfo(np.float32).eps)
    np.testing.assert_array_equal(np.moveaxis(columns.inputs, -1, 0), x.astype(np.float32))


def test_episode_is_a_function_of_key_and_index_alone():
    config = task_config()
    many = draw_episodes(config, 50, seed=1)
    one = jax.jit(linear_episode, static_argnums=2)(jax.random.key(1), jnp.uint32(31), config)
    np.testing.assert_array_equal(one.context.inputs, many.context.inputs[31])
    np.testing.assert_array_equal(one.query, many.query[31])
    np.testing.assert_allclose(one.target, many.target[31], atol=1e-6)
    np.testing.assert_array_equal(many.target, draw_episodes(config, 50, seed=1).target)
    assert not np.isclose(many.query, draw_episodes(config, 50, seed=2).query).any(axis=1).all()


@pytest.mark.parametrize("half_width", [0.5, 1.0, 3.0])
def test_inputs_are_uniform(half_width):
    x, _ = draw(2000, input_half_width=half_width)
    assert stats.kstest(x.ravel()[:100_000], stats.uniform(-half_width, 2 * half_width).cdf).pvalue > 1e-3
    assert_moments(x, half_width**2 / 3, kurtosis=1.8)


@pytest.mark.parametrize("scale", [1.0, 0.4])
def test_teachers_are_normal(scale):
    teachers = draw_teachers(scale)
    assert stats.kstest(teachers.ravel()[:100_000] / scale, stats.norm.cdf).pvalue > 1e-3
    assert_moments(teachers, scale**2, kurtosis=3)


@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_label_noise_is_normal_on_context_and_query(scale):
    noise = draw_noise(scale)
    assert stats.kstest(noise.ravel() / scale, stats.norm.cdf).pvalue > 1e-3
    for position in range(noise.shape[1]):
        assert_moments(noise[:, position], scale**2, kurtosis=3)


def test_target_variance_follows_from_the_moments():
    choices = {"teacher_scale": 0.7, "label_noise": 0.3, "input_half_width": 1.3, "input_size": 6}
    moments = linear_moments(task_config(**choices))
    expected = 6 * moments.input_variance * moments.teacher_variance + moments.noise_variance
    squares = draw(**choices)[1][:, -1] ** 2
    assert abs(squares.mean() - expected) < 5 * squares.std() / np.sqrt(squares.size)
    assert expected == pytest.approx(6 * 1.3**2 / 3 * 0.7**2 + 0.3**2)


def test_positions_inputs_and_teacher_are_independent():
    x, y = draw(input_size=2, context_length=12, output_size=2)
    teachers = np.linalg.pinv(x) @ y
    assert_uncorrelated(np.concatenate([x.reshape(COUNT, -1), teachers.reshape(COUNT, -1)], axis=1))


def test_inputs_and_noise_are_independent():
    x, noise = draw(input_size=2, context_length=5, label_noise=1.0, teacher_scale=1e-6)
    assert_uncorrelated(np.concatenate([x.reshape(COUNT, -1), noise.reshape(COUNT, -1)], axis=1))


def test_neighbouring_episodes_and_keys_are_independent():
    first, second = (draw(input_size=2, context_length=3, seed=seed)[0].reshape(COUNT, -1) for seed in (0, 1))
    assert_uncorrelated(np.concatenate([first, second], axis=1))
    assert_uncorrelated(np.concatenate([first[:-1], first[1:]], axis=1))


def test_other_tasks_have_other_moments():
    with pytest.raises(UsageError, match="'sine'"):
        require_moments(task_config(kind="sine"))
    assert require_moments(task_config()) == linear_moments(task_config())
