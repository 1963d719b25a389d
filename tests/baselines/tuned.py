"""Tuned baselines and exact losses, each computed once a process."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from configs import draw_episodes, task_config

from icl_cli.baselines import BASELINES, Learner, Parameters, Problem
from icl_cli.baselines.spectral import Spectrum, tuning_spectrum
from icl_cli.tasks import Episode


def problem(steps: int = 1, tuning_tasks: int = 3000, token_clip: float | None = None, **task: Any) -> Problem:
    return Problem(task_config(**task), steps, token_clip, tuning_tasks)


@cache
def tune(name: str, problem: Problem) -> Parameters:
    return BASELINES[name].tune(problem)


@cache
def spectrum(problem: Problem) -> Spectrum:
    """Use it under `jax.enable_x64(True)`."""
    with jax.enable_x64(True):
        return tuning_spectrum(problem)


def expectation(found: Spectrum, values: jax.Array) -> float:
    """Of a function of one eigenvalue, from its values at the nodes."""
    return float(jnp.sum(found.probabilities * values))


def expected_loss(problem: Problem, polynomial: Callable[[np.ndarray], np.ndarray]) -> float:
    """Mean squared error of a method that leaves W p(X Xᵀ) x, for p = `polynomial`.

    On other contexts than those of the tuning, because their seed is one higher.
    """
    with jax.enable_x64(True):
        found = spectrum(replace(problem, tuning_seed=problem.tuning_seed + 1, steps=1, token_clip=None))
        eigenvalues = np.asarray(found.eigenvalues) * found.scale
        return float(found.loss(jnp.asarray(polynomial(eigenvalues))))


def descent_polynomial(parameters: Parameters, problem: Problem) -> Callable[[np.ndarray], np.ndarray]:
    """p(λ) = Π_k (1 - a_k μ_k) with a = η/N, μ_0 = λ and μ_{k+1} = μ_k (1 - γ_k μ_k)²."""
    rates = np.broadcast_to(parameters["learning_rates"], problem.steps) / problem.task.context_length
    curvature_rates = np.broadcast_to(parameters.get("curvature_rates", [0.0]), problem.steps)

    def polynomial(eigenvalues: np.ndarray) -> np.ndarray:
        residual = np.ones_like(eigenvalues)
        for rate, curvature in zip(rates, curvature_rates, strict=True):
            residual = residual * (1 - rate * eigenvalues)
            eigenvalues = eigenvalues * (1 - curvature * eigenvalues) ** 2
        return residual

    return polynomial


@cache
def episodes(problem: Problem, count: int, seed: int = 77) -> Episode:
    """Tasks that no baseline is tuned on."""
    return draw_episodes(problem.task, count, seed)


@eqx.filter_jit
def squared_errors(learner: Learner, tasks: Episode) -> jax.Array:
    """|ŷ - y|² of every task."""
    predictions = jax.vmap(learner)(tasks.context, tasks.query)
    return jnp.sum((predictions - tasks.target) ** 2, axis=-1)
