import numpy as np
import pytest
from configs import run_config

from icl_cli.training.optimiser import learning_rate

STEPS, PEAK = 200, 0.3


def rates(**choices) -> np.ndarray:
    """The learning rate of every step."""
    given = {"training.steps": STEPS, "training.learning_rate": PEAK}
    schedule = learning_rate(
        run_config(given | {f"training.{name}": value for name, value in choices.items()}).training
    )
    return np.array([schedule(step) if callable(schedule) else schedule for step in range(STEPS + 1)])


def test_rate_is_constant_unless_asked():
    np.testing.assert_array_equal(rates(), PEAK)


@pytest.mark.parametrize("warm_up", [1, 20, STEPS])
def test_rate_rises_in_a_line_from_the_first_step_to_the_peak(warm_up):
    found = rates(warm_up_steps=warm_up)
    expected = np.interp(np.arange(STEPS + 1), [0, warm_up], [PEAK / warm_up, PEAK])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("warm_up", [0, 20])
def test_rate_falls_to_zero_along_half_a_cosine(warm_up):
    found = rates(warm_up_steps=warm_up, learning_rate_decay="cosine")[warm_up:]
    expected = PEAK * (1 + np.cos(np.pi * np.linspace(0, 1, STEPS - warm_up + 1))) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_a_warm_up_that_takes_the_whole_run_leaves_nothing_to_decay():
    assert rates(warm_up_steps=STEPS, learning_rate_decay="cosine")[STEPS] == pytest.approx(PEAK)
