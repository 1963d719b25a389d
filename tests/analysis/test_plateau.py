"""Plateaus of made curves: their level and the step that ends them, with and without noise."""

import math

import numpy as np
import pytest

from icl_cli.analysis import find_plateau

STEPS = np.arange(0, 5001, 10)
# As training records them: denser early.
SPACED = np.unique(np.round(5000 * (np.arange(201) / 200) ** 2)).astype(int)
PLATEAU, FINAL = 0.39, 0.2


def drop(steps, at, width=20.0, level=PLATEAU, final=FINAL):
    """A logistic fall of log loss, so that the geometric middle is crossed exactly at `at`."""
    share = 1 / (1 + np.exp(-(steps - at) / width))
    return np.exp((1 - share) * math.log(level) + share * math.log(final))


@pytest.mark.parametrize("steps", [STEPS, SPACED], ids=["even", "denser-early"])
@pytest.mark.parametrize("at", [505, 2003, 4005])
def test_level_onset_and_end_of_a_clean_curve(steps, at):
    found = find_plateau(steps, drop(steps, at))
    assert found.level == pytest.approx(PLATEAU, rel=1e-3)
    assert found.final == pytest.approx(FINAL, rel=1e-3)
    assert found.onset == steps[steps > at][0]


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_single_outliers_move_it_by_a_few_points_at_most(seed):
    random = np.random.default_rng(seed)
    losses = drop(STEPS, 2005) * np.exp(0.05 * random.normal(size=STEPS.size))
    losses[[20, 90, 150]] = 1e-3
    losses[[40, 300]] = 50.0
    found = find_plateau(STEPS, losses)
    assert found.onset is not None
    assert abs(found.onset - 2005) <= 50
    assert found.level == pytest.approx(PLATEAU, rel=0.02)
    assert found.final == pytest.approx(FINAL, rel=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_curve_that_stays_has_no_onset(noise):
    losses = PLATEAU * np.exp(noise * np.random.default_rng(0).normal(size=STEPS.size))
    found = find_plateau(STEPS, losses)
    assert found.onset is None
    assert found.level == pytest.approx(PLATEAU, rel=0.01)
    assert find_plateau(STEPS, PLATEAU * 1.0002**STEPS).onset is None


def test_a_run_that_comes_down_to_the_plateau_and_stays_there_has_no_onset():
    losses = PLATEAU * (1 + 0.07 * np.exp(-STEPS / 100))
    found = find_plateau(STEPS, losses)
    assert found.onset is None
    assert found.level == pytest.approx(PLATEAU, rel=1e-3)


def test_an_instant_fall_is_found_at_once():
    found = find_plateau(STEPS, np.where(STEPS < 30, PLATEAU, FINAL))
    assert found.onset == 30
    assert found.level == pytest.approx(PLATEAU, rel=1e-12)


def test_a_high_start_is_not_the_plateau():
    losses = drop(STEPS, 3005) + 5 * np.exp(-STEPS / 40)
    found = find_plateau(STEPS, losses)
    assert found.level == pytest.approx(PLATEAU, rel=1e-3)
    assert found.onset == 3010


def test_a_loss_that_rises_before_it_falls_has_its_onset_at_the_fall():
    """As the test loss of a network that first remembers its tasks (Figure 15, right)."""
    rise = np.exp(np.minimum(STEPS / 1000, 1.0) * math.log(3.0 / 0.4) + math.log(0.4))
    losses = np.where(STEPS < 3000, rise, FINAL)
    found = find_plateau(STEPS, losses)
    assert found.onset == 3000
    assert found.level == pytest.approx(3.0, rel=1e-9)


def test_short_curves_and_curves_with_gaps():
    assert find_plateau([0], [0.4]) == (0.4, None, 0.4)
    losses = drop(STEPS, 2005)
    losses[100:110] = np.nan
    assert find_plateau(STEPS, losses).onset == 2010
    with pytest.raises(ValueError, match="finite"):
        find_plateau([0, 1], [math.nan, math.inf])
