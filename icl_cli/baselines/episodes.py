"""Tuning on the episodes themselves, where the spectral losses do not say enough.

They know neither float32 nor the token clip. GD with good rates stays clear of the clip of the paper's deep models;
one (η, γ) for all steps of GD++, and larger inputs, do not, and the search goes on from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from icl_cli.baselines.baseline import Learner, Parameters, Problem
from icl_cli.baselines.search import gradient_search
from icl_cli.baselines.spectral import tuning_episodes
from icl_cli.tasks import Episode

MakeLearner = Callable[[Problem, Parameters], Learner]

# A loss higher by this fraction is below the Monte-Carlo error of any comparison.
NEGLIGIBLE = 1e-3
TASKS_FOR_SEARCH = 1000


def best_on_episodes(problem: Problem, candidates: Sequence[Parameters], make: MakeLearner) -> Parameters:
    """The candidate with the lowest loss on the tuning tasks, computed as learners compute: in float32, clipped."""
    episodes = tuning_episodes(problem)
    losses = np.nan_to_num([_loss(make(problem, candidate), episodes) for candidate in candidates], nan=np.inf)
    return candidates[int(np.argmin(losses))]


def refine_where_clipped(problem: Problem, found: Parameters, make: MakeLearner) -> Parameters:
    """`found` itself if the clip costs it nothing on the tuning tasks, else better parameters found on those tasks."""
    if problem.token_clip is None:
        return found
    episodes = tuning_episodes(problem)
    clipped = float(_loss(make(problem, found), episodes))
    free = float(_loss(make(replace(problem, token_clip=None), found), episodes))
    return found if clipped <= free * (1 + NEGLIGIBLE) else _refine(problem, found, make, episodes)


def _refine(problem: Problem, found: Parameters, make: MakeLearner, episodes: Episode) -> Parameters:
    """First a few hundred steps of BFGS from several starts on some of the tasks, then a few on all of them."""
    names = list(found)
    ends = np.cumsum([len(found[name]) for name in names])[:-1]
    start = np.concatenate([np.asarray(found[name]) for name in names])

    def search(tasks: Episode, starts: list[np.ndarray], iterations: int) -> np.ndarray:
        def loss(relative: jax.Array) -> jax.Array:
            parts: Any = jnp.split(relative * start, ends)
            return _loss(make(problem, dict(zip(names, parts, strict=True))), tasks)

        return gradient_search(loss, starts, tolerance=1e-4, iterations=iterations)[0]

    # Relative to the unclipped optimum all parameters are of order one; the clip asks for smaller rates.
    some = jax.tree.map(lambda leaf: leaf[:TASKS_FOR_SEARCH], episodes)
    starts = [np.full(start.shape, factor) for factor in (1.0, 0.6, 0.3, 0.1)]
    best = search(episodes, [search(some, starts, iterations=150)], iterations=20) * start
    return {name: part.tolist() for name, part in zip(names, np.split(best, ends), strict=True)}


@eqx.filter_jit
def _loss(learner: Learner, episodes: Episode) -> jax.Array:
    errors = jax.vmap(learner)(episodes.context, episodes.query) - episodes.target
    return jnp.mean(jnp.sum(errors**2, axis=-1))
