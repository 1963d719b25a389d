"""Tails of losses: Hill's estimate on laws that are known, and least squares by simulation in NumPy."""

import math

import numpy as np
import pytest
from configs import task_config

from icl_cli.analysis.tails import hill_estimate, is_heavy, largest_share, tail_measures, trimmed_mean
from icl_cli.baselines import Problem, get_baseline


def pareto(index: float, count: int, seed: int = 0) -> np.ndarray:
    """P(x > t) = t^-index."""
    return np.random.default_rng(seed).random(count) ** (-1 / index)


def least_squares_losses(n: int, d: int, noise: float, count: int) -> np.ndarray:
    """Half squared errors of the least-squares solution of smallest norm, in float64."""
    random = np.random.default_rng(3)
    x, query = random.uniform(-0.5, 0.5, (count, n, d)), random.uniform(-0.5, 0.5, (count, d))
    teacher = random.normal(size=(count, d))
    y = np.einsum("tnd,td->tn", x, teacher) + noise * random.normal(size=(count, n))
    target = np.sum(query * teacher, axis=1) + noise * random.normal(size=count)
    weights = np.einsum("tdn,tn->td", np.linalg.pinv(x), y)
    return 0.5 * (np.sum(weights * query, axis=1) - target) ** 2


@pytest.mark.parametrize("index", [0.5, 1.0, 2.0])
def test_hills_estimate_finds_the_index_of_a_pareto_law_within_its_error(index):
    found = [hill_estimate(pareto(index, 10_000, seed)) for seed in range(50)]
    values, errors = np.array(found).T
    # The mean of 50 estimates from 100 values each; Hill's is biased by 1%.
    np.testing.assert_allclose(values.mean(), index, rtol=0.06)
    np.testing.assert_allclose(errors.mean(), values.std(ddof=1), rtol=0.4)


@pytest.mark.parametrize("count", [100, 1000, 10_000])
@pytest.mark.parametrize("seed", range(5))
def test_squares_of_normal_errors_are_not_heavy_tailed(count, seed):
    assert not is_heavy(np.random.default_rng(seed).normal(size=count) ** 2)


@pytest.mark.parametrize("count", [1000, 10_000])
@pytest.mark.parametrize("seed", range(5))
def test_laws_without_a_mean_are_heavy_tailed(count, seed):
    assert is_heavy(pareto(0.5, count, seed))


def test_one_task_that_outweighs_all_others_makes_a_heavy_tail():
    """Hill's estimate alone would miss it."""
    losses = np.random.default_rng(0).normal(size=10_000) ** 2
    losses[7] = 1e6
    assert hill_estimate(losses).value > 2
    assert is_heavy(losses)
    np.testing.assert_allclose(largest_share(losses), 1, atol=0.02)


@pytest.mark.parametrize(
    "losses", [np.zeros(100), np.ones(1000), np.ones(5), np.array([1.0]), np.array([1.0, math.inf] * 50)]
)
def test_losses_without_a_tail(losses):
    assert not is_heavy(losses)


@pytest.mark.parametrize(
    ("n", "d", "index"), [(10, 10, 0.5), (11, 10, 1.0), (9, 10, 1.0), (12, 10, 1.5), (4, 4, 0.5), (4, 2, 1.5)]
)
def test_the_tail_of_least_squares_is_the_one_of_a_simulation(n, d, index):
    task = task_config(context_length=n, input_size=d, label_noise=0.1)
    assert get_baseline("least-squares").loss_tail_index(Problem(task, 1, None)) == index
    # The tail begins where noise outweighs what the query's target has anyway.
    estimate = hill_estimate(least_squares_losses(n, d, 1.0, 20_000))
    np.testing.assert_allclose(estimate.value, index, rtol=0.2)


def test_what_exists_of_every_baseline():
    noisy = Problem(task_config(context_length=10, input_size=10, label_noise=0.1), 3, None)
    clean = Problem(task_config(context_length=10, input_size=10), 3, None)
    assert get_baseline("least-squares").loss_tail_index(clean) == math.inf
    names = ("gd", "gd-per-step", "gd++", "gd++-per-step", "ridge")
    assert {get_baseline(name).loss_tail_index(noisy) for name in names} == {math.inf}


def test_theory_is_stored_without_error_and_goes_before_the_sample():
    light = np.random.default_rng(0).normal(size=1000) ** 2
    assert tail_measures("loss", light, math.inf) == {}
    measures = tail_measures("loss", light, 1.5)
    assert measures["loss_tail_index"] == (1.5, 0.0)
    assert tail_measures("loss", pareto(0.5, 10_000), math.inf)["loss_tail_index"].standard_error > 0


def test_the_interval_of_a_trimmed_mean_covers_it_as_often_as_it_says():
    """Of a law without a mean: the truth is a trimmed mean of a million values."""
    truth = trimmed_mean(pareto(0.5, 1_000_000, 1)).value
    found = [trimmed_mean(pareto(0.5, 1000, seed)) for seed in range(2, 202)]
    inside = [abs(one.value - truth) <= 1.96 * one.standard_error for one in found]
    # Four standard errors of a share of 200.
    np.testing.assert_allclose(np.mean(inside), 0.95, atol=4 * math.sqrt(0.95 * 0.05 / 200))
