"""Tuning by sampled episodes alone, for tasks whose moments nobody has written down.

The losses of `icl_cli.baselines.spectral` are exact for y = W x + noise with independent entries, and wrong for every
other task: there the tuning episodes themselves say what a rate or a penalty costs. Rates are searched in units of
one over the mean eigenvalue of X Xᵀ, in which they are of order one whatever the task's sizes.

Rates are good on contexts like those that were sampled: a method with three steps or more multiplies an eigenvalue
larger than all of theirs until a rare context decides its mean loss.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_cli.baselines.baseline import Parameters, Problem, marked
from icl_cli.baselines.episodes import FOLLOWED, TASKS_FOR_SEARCH, MakeDescent, mean_squared_error
from icl_cli.baselines.search import gradient_search, line_search
from icl_cli.baselines.spectral import tuning_columns
from icl_cli.tasks import EpisodeColumns, task_moments

Tune = Callable[[Problem], Parameters]

# Multiples of the given rates at which searches may begin: inputs whose eigenvalues spread far want small ones.
FACTORS = tuple(np.geomspace(0.02, 5.0, 16))
# Losses are divided by that of predicting zero, so that one tolerance on the gradient fits all tasks.
TOLERANCE = 1e-4
COARSE_STEPS, FINE_STEPS = 100, 20
# Penalties that are tried, as fractions of the mean eigenvalue of X Xᵀ.
SMALLEST_PENALTY, LARGEST_PENALTY = 1e-8, 1e4


def by_moments(exact: Tune, sampled: Tune) -> Tune:
    """A tuning that is `exact` for tasks with known moments, and `sampled` for all others."""

    def tune(problem: Problem) -> Parameters:
        return (sampled if task_moments(problem.task) is None else exact)(problem)

    return tune


def sampled_rates(problem: Problem, shapes: Sequence[Parameters], make: MakeDescent) -> Parameters:
    """The learning rates (and curvature rates, where `shapes` have them) with the lowest loss on the tuning episodes.

    **Arguments**: `shapes` are rates a = η/N and γ in units of one over the mean eigenvalue of X Xᵀ; the search begins
    at multiples of them, follows the best few by BFGS on some episodes, and ends on all. `make` makes the algorithm.
    """
    tasks = tuning_columns(problem)
    eigenvalue = _mean_eigenvalue(tasks)
    names = list(shapes[0])
    sizes = [len(shapes[0][name]) for name in names]
    units = {"learning_rates": problem.task.context_length / eigenvalue, "curvature_rates": 1 / eigenvalue}
    unit = np.repeat([units[name] for name in names], sizes)
    ends = np.cumsum(sizes)[:-1]
    scale = float(jnp.mean(jnp.sum(tasks.targets[-1] ** 2, axis=0)))

    def loss(point: Float[Array, " parameters"], tasks: EpisodeColumns) -> Float[Array, ""]:
        parts = jnp.split(point * jnp.asarray(unit, jnp.float32), ends)
        learner = make(problem, dict(zip(names, parts, strict=True)))  # type: ignore[arg-type]
        return mean_squared_error(learner, tasks) / scale

    best = _search(loss, [np.concatenate([shape[name] for name in names]) for shape in shapes], tasks) * unit
    return {name: part.tolist() for name, part in zip(names, np.split(best, ends), strict=True)}


def _search(loss: Callable[..., Float[Array, ""]], shapes: Sequence[np.ndarray], tasks: EpisodeColumns) -> np.ndarray:
    """The best point of a grid on some of the tasks, followed by BFGS there and then on all."""
    some = jax.tree.map(lambda leaf: leaf[..., :TASKS_FOR_SEARCH], tasks)
    grid = [factor * shape for shape in shapes for factor in FACTORS]
    on_grid = jax.jit(lambda points, tasks: jax.lax.map(lambda point: loss(point, tasks), points))
    losses = np.nan_to_num(np.asarray(on_grid(jnp.asarray(grid, jnp.float32), some)), nan=np.inf)
    starts = [grid[index] for index in np.argsort(losses)[:FOLLOWED]]
    coarse = gradient_search(loss, starts, TOLERANCE, COARSE_STEPS, (some,))[0]
    return gradient_search(loss, [coarse], TOLERANCE, FINE_STEPS, (tasks,))[0]


def sampled_penalty(problem: Problem) -> Parameters:
    """The penalty of ridge regression with the lowest loss on the tuning episodes, by line search in float64.

    With X = U diag(s) Vᵀ the prediction is Σ_i (Yᵀ U)_i s_i / (s_i² + α) (Vᵀ x)_i, so that one decomposition serves
    every α.
    """
    tasks = tuning_columns(problem)
    scale = _mean_eigenvalue(tasks)
    with jax.enable_x64(True):
        singular_values, projections, targets = (jnp.asarray(part) for part in _decomposed(tasks))

        def loss(penalty: Float[Array, ""]) -> Float[Array, ""]:
            gains = singular_values / (singular_values**2 + penalty * scale)
            predictions = jnp.einsum("boi,bi->bo", projections, gains)
            return jnp.mean(jnp.sum((predictions - targets) ** 2, axis=-1))

        found = line_search(loss, SMALLEST_PENALTY, LARGEST_PENALTY)
    return marked({"penalty": [found.point * scale]}, found.at_bound)


def _decomposed(
    tasks: EpisodeColumns,
) -> tuple[
    Float[np.ndarray, "batch rank"], Float[np.ndarray, "batch outputs rank"], Float[np.ndarray, "batch outputs"]
]:
    """Of each episode s, (Yᵀ U)_i (Vᵀ x)_i, and the query's target; singular values of zero are made harmless."""
    inputs, targets = (np.moveaxis(np.asarray(leaf, np.float64), -1, 0) for leaf in (tasks.inputs, tasks.targets))
    left, singular_values, right = np.linalg.svd(inputs[:, :-1], full_matrices=False)
    of_query = np.einsum("bri,bi->br", right, inputs[:, -1])
    projections = np.einsum("bno,bnr,br->bor", targets[:, :-1], left, of_query)
    return np.maximum(singular_values, np.finfo(np.float32).tiny), projections, targets[:, -1]


def _mean_eigenvalue(tasks: EpisodeColumns) -> float:
    """E |X|² / d over the contexts."""
    return float(jnp.mean(jnp.sum(tasks.inputs[:-1] ** 2, axis=(0, 1)))) / tasks.inputs.shape[1]
