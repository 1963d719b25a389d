"""The loss on the population against closed forms, and its standard error where rare contexts decide it."""

import jax.numpy as jnp
import pytest
from configs import task_config

from icl_cli.analysis import population_loss
from icl_cli.baselines import Descent, Problem


def found(rates, curvature_rates, **task):
    problem = Problem(task_config(**task), len(rates), None, tuning_tasks=4000)
    learner = Descent(jnp.asarray(rates) * problem.task.context_length, jnp.asarray(curvature_rates))
    return population_loss(learner, problem)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_one_step_has_the_loss_of_the_closed_form(noise):
    """d σ² (1 - 2 a N σ² + a² N σ⁴ (N + d - .2)) + τ² (1 + a² N σ² d σ²) for N = d = 10, x ~ U(-1/2, 1/2)."""
    rate, n, d, variance = 0.5, 10, 10, 1 / 12
    bias = d * variance * (1 - 2 * rate * n * variance + rate**2 * n * variance**2 * (n + d - 0.2))
    expected = bias + noise**2 * (1 + rate**2 * n * variance * d * variance)
    estimate = found([rate], [0.0], label_noise=noise)
    assert abs(estimate.value - expected) < 4 * estimate.standard_error
    assert estimate.standard_error < 0.03 * expected


def test_rates_tuned_on_too_few_contexts_have_a_loss_that_rare_ones_decide():
    """GD++ with three steps: about .04 on nearly all samples of 10⁴, with a small error; above .1 in truth."""
    narrow = found([0.2118, 2.889, 26.15], [0.3211, 2.890, 0.0])
    assert narrow.value / 2 > 0.1
    wide = found([0.1508, 2.4136, 21.88], [0.2696, 2.4226, 0.0])
    assert abs(wide.value / 2 - 0.0431) < 4 * wide.standard_error / 2
    assert wide.standard_error < 0.1 * wide.value
