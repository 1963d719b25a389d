"""Population losses of spectral methods, exact given the eigenvalues of X Xᵀ.

A method that only multiplies by X Xᵀ errs on a noise-free teacher by W p(X Xᵀ) x. With isotropic inputs (variance
σ²), teacher (variance ω²) and label noise (variance τ²), its expected loss, without the loss's ½, is

    σ² E Σ_i [ ω² p(λ_i)² + τ² (1 - p(λ_i))² / λ_i ] + τ²     per output,

over the eigenvalues λ_i of X Xᵀ. GD: p = Π_k (1 - a_k λ). GD++: p = Π_k (1 - a_k μ_k) with μ_0 = λ and
μ_{k+1} = μ_k (1 - γ_k μ_k)². Ridge: p = α / (λ + α). Averaging over teachers and queries by algebra leaves only the
contexts to be sampled. A method with many steps multiplies an eigenvalue larger than all it was tuned on until nothing
else counts, so beside many ordinary contexts there are rare ones with their weights (`rare_contexts`).
"""

from functools import lru_cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.baselines.baseline import Problem
from icl_cli.baselines.rare_contexts import LEVELS, Contexts, with_rare_contexts
from icl_cli.config import TaskConfig
from icl_cli.models.layers_in_turn import steps_in_turn
from icl_cli.tasks import Episode, EpisodeColumns, require_moments, sample_columns, sample_episodes
from icl_cli.tasks.streams import Stream, stream_key
from icl_cli.tasks.task import LinearMoments

SPECTRUM_PARTS = 10
BULK_NODES = 4096
TAIL_NODES = 4096
# Of the ordinary contexts, so many of the largest eigenvalues are among the tail.
TAIL_EIGENVALUES = 4096


class Spectrum(eqx.Module):
    """The distribution of the eigenvalues of X Xᵀ, in units of their mean `scale`, and the task's second moments.

    In these units rates are of order one whatever the task's sizes, which is what optimisers like. `probabilities`
    sum to one. `inputs` and `outputs` count the entries of x and y.
    """

    eigenvalues: Float[Array, " nodes"]
    probabilities: Float[Array, " nodes"]
    scale: float = eqx.field(static=True)
    moments: LinearMoments
    inputs: int = eqx.field(static=True)
    outputs: int = eqx.field(static=True)

    def gain(self, fit: Float[Array, " nodes"]) -> Float[Array, ""]:
        """The loss less that of the zero predictor, over the latter's part without noise: what searches minimise.

        E Σ_i q_i (q_i (1 + τ² / (ω² λ_i)) - 2) / d, for q = 1 - p = `fit`. Unlike the loss it does not round to one
        number for all methods where the noise is so large that the best one hardly learns.
        """
        eigenvalues = self.eigenvalues * self.scale
        noise = self.moments.noise_variance / self.moments.teacher_variance
        over = jnp.where(self.eigenvalues > 1e-12, noise / jnp.maximum(eigenvalues, 1e-300), 0.0)
        return jnp.sum(self.probabilities * fit * (fit * (1 + over) - 2))

    def loss(self, residual: Float[Array, " nodes"]) -> Float[Array, ""]:
        """Mean squared error of a method whose polynomial p takes the values `residual` at the eigenvalues."""
        eigenvalues = self.eigenvalues * self.scale
        fit = jnp.where(self.eigenvalues > 1e-12, (1 - residual) ** 2 / jnp.maximum(eigenvalues, 1e-300), 0.0)
        per_eigenvalue = self.moments.teacher_variance * residual**2 + self.moments.noise_variance * fit
        explained = self.moments.input_variance * self.inputs * jnp.sum(self.probabilities * per_eigenvalue)
        return self.outputs * (explained + self.moments.noise_variance)


def tuning_spectrum(problem: Problem, levels: int = LEVELS) -> Spectrum:
    """The spectrum of the problem's tuning contexts, in float64: call it, and use it, under `jax.enable_x64(True)`.

    **Arguments**: `levels` of rare contexts, 0 for a method whose residual polynomial is bounded.
    """
    nodes, probabilities, scale = _nodes(*_drawn_from(problem), levels)
    return Spectrum(
        jnp.asarray(nodes),
        jnp.asarray(probabilities),
        scale,
        require_moments(problem.task),
        problem.task.input_size,
        problem.task.output_size,
    )


def tuning_contexts(problem: Problem, levels: int = LEVELS) -> Contexts:
    """Ten times as many ordinary contexts as tuning tasks, the first of them theirs, and rare ones."""
    return _contexts(*_drawn_from(problem), levels)


def _drawn_from(problem: Problem) -> tuple[str, int, int]:
    """What decides the contexts, and can be the key of a cache."""
    return problem.task.model_dump_json(), problem.tuning_tasks, problem.tuning_seed


@lru_cache(maxsize=2)
def _contexts(task: str, tuning_tasks: int, tuning_seed: int, levels: int) -> Contexts:
    problem = Problem(TaskConfig.model_validate_json(task), 1, None, tuning_tasks, tuning_seed)
    # Rare contexts are drawn for uniform inputs; of other tasks with known moments there are ordinary ones alone.
    levels = levels if problem.task.kind == "linear" else 0
    parts = [unit_inputs(problem, tuning_columns(problem, part)) for part in range(SPECTRUM_PARTS)]
    return with_rare_contexts(numpy_random(problem, SPECTRUM_PARTS), parts, levels)


def unit_inputs(problem: Problem, columns: EpisodeColumns) -> Float[np.ndarray, "batch context inputs"]:
    """The context's inputs of all episodes in units of the half-width, the batch as first axis."""
    return np.moveaxis(np.asarray(columns.inputs[:-1]), -1, 0) / np.float32(problem.task.input_half_width)


def numpy_random(problem: Problem, part: int) -> np.random.Generator:
    """Random numbers of one part of the tuning, for what is drawn outside of JAX."""
    with jax.enable_x64(False):
        return np.random.default_rng(np.asarray(jax.random.key_data(_tuning_key(problem, part))))


@lru_cache(maxsize=8)
def _nodes(task: str, tuning_tasks: int, tuning_seed: int, levels: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Eigenvalues in units of their mean, their probabilities, and that mean.

    Losses need only the distribution of single eigenvalues, so a million of them shrink to some 8,000 nodes, means of
    neighbours: as many for the largest, which methods with many steps amplify most, as for all others.
    """
    config = TaskConfig.model_validate_json(task)
    contexts = _contexts(task, tuning_tasks, tuning_seed, levels)
    drawn = contexts.eigenvalues * config.input_half_width**2
    rank = drawn.shape[1]
    order = np.argsort(drawn, axis=None)
    values, weights = drawn.ravel()[order], np.repeat(contexts.weights / config.input_size, rank)[order]
    largest = min(TAIL_EIGENVALUES + np.count_nonzero(contexts.levels), values.size // 2)
    bulk = _grouped(values[:-largest], weights[:-largest], BULK_NODES)
    tail = _grouped(values[-largest:], weights[-largest:], TAIL_NODES)
    nodes, probabilities = (np.concatenate(parts) for parts in zip(bulk, tail, strict=True))
    # With fewer pairs than entries of an input, the other eigenvalues are zero.
    nodes = np.concatenate([[0.0], nodes])
    probabilities = np.concatenate([[1 - rank / config.input_size], probabilities])
    scale = float(probabilities @ nodes)
    return nodes / scale, probabilities, scale


def _grouped(values: np.ndarray, weights: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means of neighbours, and the sums of their weights."""
    starts = np.linspace(0, values.size, min(groups, values.size), endpoint=False).astype(int)
    sums = np.add.reduceat(weights, starts)
    return np.add.reduceat(values * weights, starts) / sums, sums


def tuning_columns(problem: Problem, part: int = 0) -> EpisodeColumns:
    """`tuning_episodes` with the batch as last axis."""
    with jax.enable_x64(False):
        return sample_columns(_tuning_key(problem, part), problem.task, problem.tuning_tasks)


def tuning_episodes(problem: Problem, part: int = 0) -> Episode:
    """The tasks on which this problem's baselines are tuned, in float32; drawn for nothing else."""
    with jax.enable_x64(False):
        return sample_episodes(_tuning_key(problem, part), problem.task, problem.tuning_tasks)


def _tuning_key(problem: Problem, part: int) -> PRNGKeyArray:
    return jax.random.fold_in(stream_key(problem.tuning_seed, Stream.TUNING_TASKS), part)


def descent_residual(
    eigenvalues: Float[Array, " nodes"],
    rates: Float[Array, " steps"],
    curvature_rates: Float[Array, " steps"],
) -> Float[Array, " nodes"]:
    """p(λ) of GD++ with a_k = `rates` and γ_k = `curvature_rates`; of GD where γ = 0."""

    def step(
        own: tuple[Float[Array, ""], Float[Array, ""]], before: tuple[Float[Array, " nodes"], Float[Array, " nodes"]]
    ) -> tuple[Float[Array, " nodes"], Float[Array, " nodes"]]:
        (rate, curvature_rate), (residual, eigenvalues) = own, before
        return residual * (1 - rate * eigenvalues), eigenvalues * (1 - curvature_rate * eigenvalues) ** 2

    return steps_in_turn(step, (rates, curvature_rates), (jnp.ones_like(eigenvalues), eigenvalues))[0]


def descent_fit(
    eigenvalues: Float[Array, " nodes"],
    rates: Float[Array, " steps"],
    curvature_rates: Float[Array, " steps"],
) -> Float[Array, " nodes"]:
    """1 - p(λ) of the same, exact also where it is tiny."""

    def step(
        own: tuple[Float[Array, ""], Float[Array, ""]], before: tuple[Float[Array, " nodes"], Float[Array, " nodes"]]
    ) -> tuple[Float[Array, " nodes"], Float[Array, " nodes"]]:
        (rate, curvature_rate), (fit, eigenvalues) = own, before
        return fit + rate * eigenvalues * (1 - fit), eigenvalues * (1 - curvature_rate * eigenvalues) ** 2

    return steps_in_turn(step, (rates, curvature_rates), (jnp.zeros_like(eigenvalues), eigenvalues))[0]


def one_step_rate(task: TaskConfig) -> float:
    """The best a = η/N of one GD step, exactly: its population loss is quadratic in a.

    a = ω² E λ / (ω² E λ² + τ² E λ) with E λ = N σ² and E λ² = N σ⁴ (N + d - 2 + κ), κ the kurtosis of an input. With
    N = d = 10, x ~ U(-½, ½) and no noise it is 12 / (N + d - 0.2) = 0.6061.
    """
    moments = require_moments(task)
    curvature = task.context_length + task.input_size - 2 + moments.input_kurtosis
    noise = moments.noise_variance / moments.teacher_variance
    return 1 / (moments.input_variance * curvature + noise)
