"""Population losses of spectral methods, exact given the eigenvalues of X Xᵀ.

A method that only multiplies by X Xᵀ errs on a noise-free teacher by W p(X Xᵀ) x. With isotropic inputs (variance
σ²), teacher (variance ω²) and label noise (variance τ²), its expected loss, without the loss's ½, is

    σ² E Σ_i [ ω² p(λ_i)² + τ² (1 - p(λ_i))² / λ_i ] + τ²     per output,

over the eigenvalues λ_i of X Xᵀ. GD: p = Π_k (1 - a_k λ). GD++: p = Π_k (1 - a_k μ_k) with μ_0 = λ and
μ_{k+1} = μ_k (1 - γ_k μ_k)². Ridge: p = α / (λ + α). Averaging over teachers and queries by algebra leaves only the
contexts to be sampled. Many are: a method with many steps multiplies an eigenvalue larger than all it was tuned on
until nothing else counts, so 10⁴ contexts, as in the paper, are too few for GD++ with three steps or more.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.baselines.baseline import Problem
from icl_cli.config import TaskConfig
from icl_cli.models.layers_in_turn import steps_in_turn
from icl_cli.tasks import Episode, EpisodeColumns, require_moments, sample_columns, sample_episodes
from icl_cli.tasks.streams import Stream, stream_key
from icl_cli.tasks.task import LinearMoments

SPECTRUM_PARTS = 10
BULK_NODES = 4096
TAIL_NODES = 4096


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

    def loss(self, residual: Float[Array, " nodes"]) -> Float[Array, ""]:
        """Mean squared error of a method whose polynomial p takes the values `residual` at the eigenvalues."""
        eigenvalues = self.eigenvalues * self.scale
        fit = jnp.where(self.eigenvalues > 1e-12, (1 - residual) ** 2 / jnp.maximum(eigenvalues, 1e-300), 0.0)
        per_eigenvalue = self.moments.teacher_variance * residual**2 + self.moments.noise_variance * fit
        explained = self.moments.input_variance * self.inputs * jnp.sum(self.probabilities * per_eigenvalue)
        return self.outputs * (explained + self.moments.noise_variance)


def tuning_spectrum(problem: Problem) -> Spectrum:
    """The spectrum of the problem's tuning tasks, in float64: call it, and use it, under `jax.enable_x64(True)`."""
    nodes, probabilities, scale = _nodes(problem.task.model_dump_json(), problem.tuning_tasks, problem.tuning_seed)
    return Spectrum(
        jnp.asarray(nodes),
        jnp.asarray(probabilities),
        scale,
        require_moments(problem.task),
        problem.task.input_size,
        problem.task.output_size,
    )


@lru_cache(maxsize=8)
def _nodes(task: str, tuning_tasks: int, tuning_seed: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Eigenvalues in units of their mean, their probabilities, and that mean.

    Losses need only the distribution of single eigenvalues, so a million of them shrink to some 8,000 nodes: the
    largest as they are, because methods with many steps amplify them most, and means of neighbours below.
    """
    problem = Problem(TaskConfig.model_validate_json(task), 1, None, tuning_tasks, tuning_seed)
    inputs = [np.asarray(tuning_columns(problem, part).inputs[:-1]) for part in range(SPECTRUM_PARTS)]
    with ThreadPoolExecutor() as threads:
        drawn = np.sort(np.concatenate(list(threads.map(_eigenvalues, inputs))))
    bulk, tail = drawn[:-TAIL_NODES], drawn[-TAIL_NODES:]
    groups = np.array_split(bulk, min(BULK_NODES, bulk.size))
    nodes = np.concatenate([[group.mean() for group in groups], tail])
    weights = np.concatenate([[group.size for group in groups], np.ones(tail.size)])
    scale = float(drawn.mean())
    return nodes / scale, weights / drawn.size, scale


def _eigenvalues(inputs: Float[np.ndarray, "context inputs batch"]) -> Float[np.ndarray, " eigenvalues"]:
    """The eigenvalues of X Xᵀ of all episodes."""
    inputs = np.moveaxis(inputs.astype(np.float64), -1, 0)
    return np.maximum(np.linalg.eigvalsh(inputs.transpose(0, 2, 1) @ inputs), 0.0).ravel()


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


def one_step_rate(task: TaskConfig) -> float:
    """The best a = η/N of one GD step, exactly: its population loss is quadratic in a.

    a = ω² E λ / (ω² E λ² + τ² E λ) with E λ = N σ² and E λ² = N σ⁴ (N + d - 2 + κ), κ the kurtosis of an input. With
    N = d = 10, x ~ U(-½, ½) and no noise it is 12 / (N + d - 0.2) = 0.6061.
    """
    moments = require_moments(task)
    curvature = task.context_length + task.input_size - 2 + moments.input_kurtosis
    noise = moments.noise_variance / moments.teacher_variance
    return 1 / (moments.input_variance * curvature + noise)
