"""Baselines of tasks whose moments nobody has declared are tuned on sampled episodes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from tuned import descent_polynomial, expected_loss, problem, tune

from icl_cli.baselines import BASELINES, Parameters, Problem
from icl_cli.baselines.spectral import tuning_episodes
from icl_cli.tasks import TASKS

SINE = problem(steps=1, kind="sine", tuning_tasks=2000)
DEEP = problem(steps=2, tuning_tasks=2000)
WITH_RATES = [name for name, baseline in BASELINES.items() if baseline.iterative]


def contexts(problem: Problem) -> tuple[np.ndarray, ...]:
    """Inputs, targets, queries and their targets of the tuning episodes, in float64."""
    episodes = tuning_episodes(problem)
    leaves = episodes.context.inputs, episodes.context.targets, episodes.query, episodes.target
    x, y, query, target = (np.asarray(leaf, np.float64) for leaf in leaves)
    return x, y, query, target


@pytest.fixture
def without_moments(monkeypatch):
    """Linear tasks of which nobody has written the moments down."""
    monkeypatch.setitem(TASKS, "linear", replace(TASKS["linear"], moments=None))


def test_one_step_of_a_sine_task_has_the_rate_of_least_squares():
    """ŷ = η g with g = (1/N) Σ y_i x_iᵀ x: the loss is quadratic in η, with its minimum at E g y / E g²."""
    x, y, query, target = contexts(SINE)
    gradients = np.einsum("bno,bni,bi->bo", y, x, query) / x.shape[1]
    expected = (gradients * target).sum() / (gradients**2).sum()
    for name in WITH_RATES:
        found = BASELINES[name].tune(SINE)
        assert found["learning_rates"] == [pytest.approx(expected, rel=1e-3)]
        assert found.get("curvature_rates", [0.0]) == [0.0]


def test_the_penalty_of_a_sine_task_is_that_of_a_search_with_numpy():
    x, y, query, target = contexts(SINE)

    def loss(logarithm: float) -> float:
        gram = np.einsum("bni,bnj->bij", x, x) + np.exp(logarithm) * np.eye(x.shape[2])
        weights = np.linalg.solve(gram, np.einsum("bni,bno->bio", x, y))
        return float(((np.einsum("bio,bi->bo", weights, query) - target) ** 2).sum(axis=1).mean())

    best = minimize_scalar(loss, bounds=(np.log(0.1), np.log(1e5)), method="bounded", options={"xatol": 1e-9})
    assert BASELINES["ridge"].tune(SINE)["penalty"] == [pytest.approx(np.exp(best.x), rel=1e-4)]


@pytest.mark.usefixtures("without_moments")
@pytest.mark.parametrize("name", ["gd-per-step", "gd++-per-step"])
def test_tuning_on_episodes_comes_close_to_the_optimum_where_that_is_known(name, monkeypatch):
    found = BASELINES[name].tune(DEEP)
    monkeypatch.undo()
    assert population_loss(found) <= 1.05 * population_loss(tune(name, DEEP))


def population_loss(parameters: Parameters) -> float:
    return expected_loss(DEEP, descent_polynomial(parameters, DEEP))
