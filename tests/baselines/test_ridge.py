import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, task_config
from oracles import regression, ridge_prediction
from tuned import problem, tune

from icl_cli.analysis import held_out_loss
from icl_cli.baselines import bayes_learner
from icl_cli.baselines.ridge import Ridge
from icl_cli.tasks import Context

SIZES = [(10, 10, 1), (20, 3, 2), (4, 7, 1), (1, 5, 3), (6, 1, 1)]  # N, d, outputs


def prediction(penalty: float, x: np.ndarray, y: np.ndarray, query: np.ndarray) -> np.ndarray:
    return np.asarray(Ridge(jnp.asarray(penalty))(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)))


def noisy(n: int, d: int, outputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, y, query = regression(n, n, d, outputs)
    return x, y + np.random.default_rng(0).normal(size=y.shape), query


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("penalty", [1e-3, 0.4, 30.0])
@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_ridge_is_the_closed_form(n, d, outputs, penalty):
    x, y, query = noisy(n, d, outputs)
    expected = ridge_prediction(x, y, query, penalty)
    np.testing.assert_allclose(prediction(penalty, x, y, query), expected, rtol=1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_without_penalty_it_is_the_least_squares_solution_of_smallest_norm(n, d, outputs):
    x, y, query = noisy(n, d, outputs)
    expected = query @ np.linalg.lstsq(x, y)[0]
    np.testing.assert_allclose(prediction(0.0, x, y, query), expected, rtol=1e-8)


@pytest.mark.usefixtures("float64")
def test_repeated_examples_do_not_harm_least_squares():
    x, y, query = regression(0, 3, 6, 1)
    twice = prediction(0.0, np.vstack([x, x]), np.vstack([y, y]), query)
    np.testing.assert_allclose(twice, prediction(0.0, x, y, query), rtol=1e-8)


@pytest.mark.parametrize(("n", "d"), [(10, 10), (20, 3), (6, 6)])
def test_least_squares_interpolates_without_noise(n, d):
    x, y, query = regression(n, n, d, 2)
    expected = query @ np.linalg.lstsq(x, y)[0]
    single = [array.astype(np.float32) for array in (x, y, query)]
    condition = np.linalg.cond(x)
    np.testing.assert_allclose(prediction(0.0, *single), expected, atol=10 * condition * np.finfo(np.float32).eps)


@pytest.mark.parametrize(
    ("noise", "scale", "half_width"),
    [(0.3, 1.0, 0.5), (1.0, 2.0, 1.0), (1.0, 0.01, 0.5), (100.0, 1e-3, 1.0), (0.01, 1e3, 0.5)],
)
def test_tuned_penalty_is_noise_over_teacher_variance(noise, scale, half_width):
    found = tune("ridge", problem(label_noise=noise, teacher_scale=scale, input_half_width=half_width))
    assert found["penalty"] == pytest.approx([noise**2 / scale**2], rel=1e-4)


def test_without_noise_the_penalty_vanishes():
    assert tune("ridge", problem())["penalty"] == [0.0]


@pytest.mark.parametrize(("noise", "clean"), [(0.1, 0.04799), (0.5, 0.17508)])
def test_the_bayes_loss_of_ten_examples_of_ten_inputs(noise, clean):
    """Known to 2e-5 for a query's target without noise; with noise, noise²/2 is added."""
    task = task_config(label_noise=noise)
    estimate = held_out_loss(bayes_learner(task), draw_episodes(task, 4000), "half-squared-error")
    assert abs(estimate.value - clean - noise**2 / 2) < 4 * estimate.standard_error
    assert estimate.standard_error < 0.05 * estimate.value


def test_no_penalty_beats_the_posterior_mean():
    """Teacher and outputs of another size; a quarter and four times the penalty err more on the same tasks."""
    task = task_config(label_noise=0.3, teacher_scale=2.0, output_size=2, context_length=6, input_size=4)
    np.testing.assert_allclose(bayes_learner(task).penalty, (0.3 / 2.0) ** 2, rtol=1e-6)
    episodes = draw_episodes(task, 4000)
    losses = [
        held_out_loss(Ridge(jnp.asarray(factor * 0.0225)), episodes, "squared-error").value
        for factor in (0.25, 1.0, 4.0)
    ]
    assert losses[1] == min(losses)
