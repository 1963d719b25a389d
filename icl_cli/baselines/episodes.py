"""Tuning on the episodes themselves, where the spectral losses do not say enough.

They know neither float32 nor the token clip. GD with good rates stays clear of the clip of the paper's deep models;
one (η, γ) for all steps of GD++, and larger inputs, do not, and the search starts anew, from a grid below the
unclipped optimum: the clipped loss has several minima.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_cli.baselines.baseline import Parameters, Problem
from icl_cli.baselines.descent import Descent
from icl_cli.baselines.search import gradient_search
from icl_cli.baselines.weighted_tasks import WeightedTasks, weighted_tuning_tasks
from icl_cli.tasks import EpisodeColumns

MakeDescent = Callable[[Problem, Parameters], Descent]

# A loss higher by this fraction is below the Monte-Carlo error of any comparison.
NEGLIGIBLE = 1e-3
TASKS_FOR_SEARCH = 1024
# Beside the ordinary tasks, so many on the rare contexts of each level, on all and for the search.
RARE_TASKS, RARE_TASKS_FOR_SEARCH = 512, 32
# Multiples of the unclipped optimum's learning and curvature rates, and how many of the pairs BFGS follows.
FACTORS = tuple(np.geomspace(0.1, 1.2, 10))
FOLLOWED = 3
# Steps of BFGS on some of the tasks, then on all.
COARSE_STEPS, FINE_STEPS = 30, 3
# A batch this large still fits a core's cache.
CHUNK = 128


def refine_where_clipped(problem: Problem, candidates: Sequence[Parameters], make: MakeDescent) -> Parameters:
    """The best of `candidates` on weighted tuning tasks, as learners compute: in float32 and clipped.

    Where the clip changes its loss, better parameters found on those tasks.
    """
    if problem.token_clip is None and len(candidates) == 1:
        return candidates[0]
    tasks = _tasks(problem)
    losses = np.nan_to_num([float(_loss(make(problem, candidate), tasks)) for candidate in candidates], nan=np.inf)
    found, clipped = candidates[int(np.argmin(losses))], losses.min()
    if problem.token_clip is None:
        return found
    free = float(_loss(make(replace(problem, token_clip=None), found), tasks))
    return found if abs(clipped - free) <= NEGLIGIBLE * free else _refine(problem, found, make, tasks)


def _tasks(problem: Problem) -> WeightedTasks:
    return weighted_tuning_tasks(problem).thinned(problem.tuning_tasks, RARE_TASKS)


def _refine(problem: Problem, found: Parameters, make: MakeDescent, tasks: WeightedTasks) -> Parameters:
    """The best of a grid on some of the tasks, then BFGS from the best few, then a few steps more on all tasks.

    Relative to the unclipped optimum all parameters are of order one.
    """
    names = list(found)
    sizes = [len(found[name]) for name in names]
    optimum = jnp.concatenate([jnp.asarray(found[name], jnp.float32) for name in names])
    ends = np.cumsum(sizes)[:-1]

    def loss(relative: Float[Array, " parameters"], columns: EpisodeColumns, weights: Array) -> Float[Array, ""]:
        parts = jnp.split(relative * optimum, ends)
        made = make(problem, dict(zip(names, parts, strict=True)))  # type: ignore[arg-type]
        return _weighted(made, columns, weights)

    some, all_tasks = tasks.thinned(TASKS_FOR_SEARCH, RARE_TASKS_FOR_SEARCH)[:2], tasks[:2]
    grid = [np.repeat(factors, sizes) for factors in product(FACTORS, repeat=len(names))]
    on_grid = jax.jit(lambda points, *tasks: jax.lax.map(lambda point: loss(point, *tasks), points))
    losses = np.nan_to_num(np.asarray(on_grid(jnp.asarray(grid, jnp.float32), *some)), nan=np.inf)
    starts = [grid[index] for index in np.argsort(losses)[:FOLLOWED]]
    coarse = gradient_search(loss, starts, 1e-4, COARSE_STEPS, some)[0]
    best = gradient_search(loss, [coarse], 1e-4, FINE_STEPS, all_tasks)[0] * np.asarray(optimum)
    return {name: part.tolist() for name, part in zip(names, np.split(best, ends), strict=True)}


def mean_squared_error(descent: Descent, tasks: EpisodeColumns) -> Float[Array, ""]:
    """The mean squared error of `descent` over `tasks`, chunk by chunk."""
    count = tasks.targets.shape[-1]
    return _weighted(descent, tasks, jnp.ones(count, jnp.float32)) / count


def _loss(descent: Descent, tasks: WeightedTasks) -> Float[Array, ""]:
    return _weighted(descent, tasks.columns, tasks.weights)


@eqx.filter_jit
def _weighted(descent: Descent, columns: EpisodeColumns, weights: Float[Array, " batch"]) -> Float[Array, ""]:
    """The weighted sum of squared errors, chunk by chunk."""
    count = weights.size
    whole = count - count % CHUNK

    def squares(part: tuple[EpisodeColumns, Float[Array, " batch"]]) -> Float[Array, ""]:
        errors = descent.predictions(part[0]) - part[0].targets[-1]
        return jnp.sum(part[1] * jnp.sum(errors**2, axis=0))

    def in_chunks(leaf: Array) -> Array:
        return jnp.moveaxis(leaf[..., :whole].reshape(*leaf.shape[:-1], whole // CHUNK, CHUNK), -2, 0)

    total = jnp.sum(jax.lax.map(squares, jax.tree.map(in_chunks, (columns, weights))))
    rest = jax.tree.map(lambda leaf: leaf[..., whole:], (columns, weights))
    return total + squares(rest) if whole < count else total
