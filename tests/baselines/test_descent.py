from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import gd_plus_plus_tokens, gradient_descent_weights, regression
from quick_cases import quick_cases
from tuned import problem, squared_errors, tune

from icl_cli.baselines import BASELINES, Descent
from icl_cli.baselines.spectral import tuning_episodes
from icl_cli.constructions import gd_plus_plus_transformer
from icl_cli.tasks import Context, EpisodeColumns

SIZES = [(10, 10, 1), (5, 3, 2), (1, 4, 1), (30, 7, 3)]  # N, d, outputs
STEPS = [1, 5]
# Inputs so wide that tokens of the tuned, unclipped descent pass the clip.
WIDE = problem(4, 200, token_clip=10.0, input_half_width=8.0, context_length=5, input_size=3)


def rates(steps: int) -> tuple[np.ndarray, np.ndarray]:
    return np.linspace(0.9, 0.4, steps), np.linspace(0.02, 0.04, steps)


def prediction(descent: Descent, x: np.ndarray, y: np.ndarray, query: np.ndarray) -> np.ndarray:
    return np.asarray(descent(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize(("n", "d", "outputs"), quick_cases(SIZES, 2))
def test_without_curvature_rate_it_is_gradient_descent_on_weights(n, d, outputs, steps):
    x, y, query = regression(n, n, d, outputs)
    expected = gradient_descent_weights(x, y, rates(steps)[0], np.zeros((outputs, d))) @ query
    found = prediction(Descent(jnp.asarray(rates(steps)[0]), jnp.zeros(steps)), x, y, query)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("clip", [None, 1.0, 0.4])
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize(("n", "d", "outputs"), quick_cases(SIZES, 2))
def test_with_curvature_rate_it_is_gd_plus_plus(n, d, outputs, steps, clip):
    x, y, query = regression(n, n, d, outputs)
    _, residuals = gd_plus_plus_tokens(x, y, query, *rates(steps), clip=np.inf if clip is None else clip)
    found = prediction(Descent(*map(jnp.asarray, rates(steps)), token_clip=clip), x, y, query)
    np.testing.assert_allclose(found, -residuals[-1], rtol=1e-12)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("clip", [None, 0.4])
@pytest.mark.parametrize(("n", "d", "outputs"), quick_cases(SIZES, 2))
def test_many_episodes_at_once_are_predicted_like_single_ones(n, d, outputs, clip):
    random = np.random.default_rng(0)
    columns = EpisodeColumns(*(jnp.asarray(random.normal(size=(n + 1, size, 4))) for size in (d, outputs)))
    descent = Descent(*map(jnp.asarray, rates(3)), token_clip=clip)
    episodes = columns.episodes
    single = jax.vmap(lambda context, query: descent(context, query), out_axes=-1)(episodes.context, episodes.query)
    found = eqx.filter_jit(Descent.predictions)(descent, columns)
    np.testing.assert_allclose(found, single, rtol=1e-11, atol=1e-12 * np.abs(single).max())


def test_clip_acts_in_the_test_above():
    x, y, query = regression(30, 30, 7, 3)
    free, clipped = (gd_plus_plus_tokens(x, y, query, *rates(5), clip=clip)[1][-1] for clip in (np.inf, 1.0))
    assert not np.allclose(free, clipped, rtol=1e-3)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("clip", [None, 0.4])
def test_the_construction_with_the_same_clip_agrees(clip):
    x, y, query = regression(5, 8, 4, 2)
    learning, curvature = map(jnp.asarray, rates(3))
    model = gd_plus_plus_transformer(learning, curvature, 4, 2, 8, token_clip=clip)
    found = model(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query))
    np.testing.assert_allclose(found, prediction(Descent(learning, curvature, clip), x, y, query), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gd++"])
def test_tuning_takes_an_active_clip_into_account(name):
    """On the tuning tasks the rates found with the clip are no worse than the best ones without it."""
    make, tasks = BASELINES[name].learner, jax.jit(tuning_episodes, static_argnums=0)(WIDE)
    unclipped = tune(name, replace(WIDE, token_clip=None))
    with_clip, without = (
        float(squared_errors(make(WIDE, parameters), tasks).mean()) for parameters in (tune(name, WIDE), unclipped)
    )
    assert with_clip <= without * (1 + 1e-3)
