"""Losses out of distribution against closed forms for one GD step (uniform inputs, no noise)."""

import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config

from icl_cli.analysis import Estimate, held_out_loss, shifted_losses
from icl_cli.baselines import Descent, Learner
from icl_cli.config import RunConfig
from icl_cli.tasks import held_out_episodes

CONFIG = run_config({"evaluation.tasks": 60_000})
N = D = 10
BEST_RATE = 12 / (N + D - 0.2)
ONE_STEP = Descent(jnp.array([BEST_RATE * N]), jnp.zeros(1))


def population_loss(scale: float) -> float:
    """½ d σ² α² (1 - 2 r α² + r α⁴), r = N / (N + d - .2), at the rate tuned for α = 1."""
    ratio = N / (N + D - 0.2)
    return 0.5 * D / 12 * scale**2 * (1 - 2 * ratio * scale**2 + ratio * scale**4)


def shifted(learner: Learner, kind: str, *scales: float, config: RunConfig = CONFIG) -> list[Estimate]:
    return shifted_losses({"it": learner}, config, kind, scales)["it"]


def test_loss_within_the_distribution_is_the_population_loss():
    estimate = held_out_loss(ONE_STEP, held_out_episodes(CONFIG), "half-squared-error")
    assert population_loss(1.0) == pytest.approx(0.20623, abs=5e-6)
    assert abs(estimate.value - population_loss(1.0)) < 4 * estimate.standard_error


def test_scaled_inputs_follow_the_closed_form():
    scales = (0.5, 1.0, 1.5, 2.0)
    for scale, estimate in zip(scales, shifted(ONE_STEP, "inputs", *scales), strict=True):
        assert abs(estimate.value - population_loss(scale)) < 4 * estimate.standard_error, scale


def test_a_scaled_teacher_scales_the_loss_by_its_square_exactly():
    plain, *scaled = shifted(ONE_STEP, "teacher", 1.0, 0.5, 2.0)
    for factor, estimate in zip((0.5, 2.0), scaled, strict=True):
        assert estimate.value == pytest.approx(factor**2 * plain.value, rel=1e-5)


@pytest.mark.parametrize("kind", ["inputs", "teacher"])
def test_no_shift_is_the_held_out_loss(kind):
    held_out = held_out_loss(ONE_STEP, held_out_episodes(CONFIG), "half-squared-error")
    assert shifted(ONE_STEP, kind, 1.0)[0].value == pytest.approx(held_out.value, rel=1e-6)


def test_the_two_conventions_differ_by_a_factor_of_eight():
    text = run_config({"evaluation.tasks": 60_000}, "paper-text")
    code_loss = held_out_loss(ONE_STEP, held_out_episodes(CONFIG), CONFIG.training.loss)
    text_rate = Descent(jnp.array([BEST_RATE * N / 4]), jnp.zeros(1))
    text_loss = held_out_loss(text_rate, held_out_episodes(text), text.training.loss)
    assert text_loss.value == pytest.approx(8 * code_loss.value, rel=1e-5)


def test_unseen_inputs_of_plain_kind_equal_numpy_moments():
    # Of the three unseen kinds, E|x|² per entry is 1, 2 and 2: a learner that predicts 0 has loss ½ d (1 + 2 + 2) / 3.
    config = run_config({"evaluation.tasks": 60_000, "evaluation.unseen_inputs": "plain"})
    nothing = Descent(jnp.zeros(1), jnp.zeros(1))
    (estimate,) = shifted(nothing, "unseen-inputs", 1.0, config=config)
    assert abs(estimate.value - 0.5 * D * 5 / 3) < 4 * estimate.standard_error
    assert np.isfinite(estimate.standard_error)
