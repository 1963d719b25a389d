from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from quick_cases import quick_cases
from tuned import descent_polynomial, episodes, expectation, expected_loss, problem, spectrum, squared_errors

from icl_cli.baselines import Descent, Problem
from icl_cli.baselines.ridge import Ridge
from icl_cli.baselines.spectral import descent_residual

TASKS = 100_000
PROBLEMS = {
    "noisy": problem(label_noise=0.3, teacher_scale=0.7),
    "outputs": problem(output_size=3, input_size=4, context_length=6, label_noise=0.1, input_half_width=1.0),
    "few-examples": problem(context_length=4, input_size=7, teacher_scale=2.0, label_noise=0.2, input_half_width=1.0),
}
# GD and GD++: η and γ of each step, as multiples of 1 / (mean eigenvalue).
SCHEDULES = [([0.2, 0.4, 0.5], [0.0, 0.0, 0.0]), ([0.4, 0.6, 0.7], [0.15, 0.1, 0.0])]


def mean_eigenvalue(problem: Problem) -> float:
    """Of X Xᵀ, d of them: N σ²."""
    return problem.task.context_length * problem.task.input_half_width**2 / 3


def assert_equals_the_loss_on_episodes(expected: float, errors: jax.Array) -> None:
    values = np.asarray(errors, np.float64)
    assert abs(values.mean() - expected) < 4 * values.std() / np.sqrt(values.size)


@pytest.mark.parametrize("name", quick_cases(PROBLEMS, 1))
def test_descent_has_the_spectral_loss(name):
    task = PROBLEMS[name]
    for rates, curvature_rates in SCHEDULES:
        a, gamma = (np.array(values) / mean_eigenvalue(task) for values in (rates, curvature_rates))
        parameters = {"learning_rates": list(a * task.task.context_length), "curvature_rates": list(gamma)}
        expected = expected_loss(task, descent_polynomial(parameters, replace(task, steps=len(rates))))
        learner = Descent(jnp.float32(parameters["learning_rates"]), jnp.float32(parameters["curvature_rates"]))
        assert_equals_the_loss_on_episodes(expected, squared_errors(learner, episodes(task, TASKS)))


@pytest.mark.parametrize("name", ["few-examples"])
def test_ridge_has_the_spectral_loss(name):
    task = PROBLEMS[name]
    penalty = 0.3 * mean_eigenvalue(task)
    expected = expected_loss(task, lambda eigenvalues: penalty / (eigenvalues + penalty))
    errors = squared_errors(Ridge(jnp.float32(penalty)), episodes(task, TASKS // 10))
    assert_equals_the_loss_on_episodes(expected, errors)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_learner_that_always_says_zero_has_the_targets_variance(name):
    task = PROBLEMS[name].task
    explained = task.input_size * task.input_half_width**2 / 3 * task.teacher_scale**2
    expected = task.output_size * (explained + task.label_noise**2)
    assert expected_loss(PROBLEMS[name], np.ones_like) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_loss_grows_with_the_square_of_the_teacher(scale):
    halves = [expected_loss(problem(teacher_scale=factor), lambda values: 1 - 0.6 * values) for factor in (1.0, scale)]
    assert halves[1] == pytest.approx(scale**2 * halves[0], rel=1e-12)


@pytest.mark.parametrize(("n", "d", "half_width"), [(10, 10, 0.5), (4, 7, 1.0)])
def test_spectrum_has_the_moments_of_the_context(n, d, half_width):
    """E λ = N σ² and, for uniform x with E x⁴ = 9/5 σ⁴, E λ² = N σ⁴ (N + d - 0.2)."""
    variance = half_width**2 / 3
    with jax.enable_x64(True):
        found = spectrum(problem(context_length=n, input_size=d, input_half_width=half_width))
        assert float(jnp.sum(found.probabilities)) == pytest.approx(1, rel=1e-12)
        assert found.scale == pytest.approx(n * variance, rel=5e-3)
        assert expectation(found, found.eigenvalues) == pytest.approx(1, rel=1e-12)
        second = expectation(found, (found.eigenvalues * found.scale) ** 2)
        assert second == pytest.approx(n * variance**2 * (n + d - 0.2), rel=1e-2)


@pytest.mark.usefixtures("float64")
def test_residual_polynomial_of_gd_plus_plus():
    eigenvalues = np.linspace(0, 3, 20)
    parameters = {"learning_rates": [4.0, 2.0, 9.0], "curvature_rates": [0.2, 0.1, 0.7]}
    expected = descent_polynomial(parameters, problem(steps=3))(eigenvalues)
    rates = jnp.array(parameters["learning_rates"]) / 10
    found = descent_residual(jnp.asarray(eigenvalues), rates, jnp.array(parameters["curvature_rates"]))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
