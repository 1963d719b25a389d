"""Proposition 1: linear self-attention with the weights of Appendix A.1 carries out gradient descent."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import gradient_descent_weights, regression

from icl_cli.constructions import gradient_descent_transformer
from icl_cli.tasks import Context

SIZES = [(10, 10, 1), (5, 3, 2), (1, 4, 1), (30, 7, 3)]  # N, d, outputs
DEPTHS = [1, 4]


def rates(depth: int, n: int) -> np.ndarray:
    """Different rates a layer, small enough that all steps descend."""
    return np.linspace(1.0, 0.3, depth) * n / (n + 20)


def start(d: int, outputs: int, zero: bool) -> np.ndarray:
    return np.zeros((outputs, d)) if zero else np.random.default_rng(7).normal(size=(outputs, d))


def construction(n: int, d: int, outputs: int, depth: int, initial_weights: np.ndarray | None):
    weights = None if initial_weights is None else jnp.asarray(initial_weights)
    return gradient_descent_transformer(jnp.asarray(rates(depth, n)), d, outputs, n, weights)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("zero", [True, False], ids=["from-zero", "from-random"])
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_layers_are_steps_of_gradient_descent(n, d, outputs, depth, zero):
    x, y, query = regression(n, n, d, outputs)
    expected = gradient_descent_weights(x, y, rates(depth, n), start(d, outputs, zero)) @ query
    found = eqx.filter_jit(construction(n, d, outputs, depth, start(d, outputs, zero)))(
        Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_single_precision_costs_rounding_only(n, d, outputs):
    depth = 3
    x, y, query = regression(n, n, d, outputs)
    expected = gradient_descent_weights(x, y, rates(depth, n), start(d, outputs, False)) @ query
    single = [jnp.asarray(array, jnp.float32) for array in (x, y, query)]
    model = construction(n, d, outputs, depth, start(d, outputs, False))
    found = eqx.filter_jit(model)(Context(*single[:2]), single[2])
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("zero", [True, False], ids=["from-zero", "from-random"])
@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_every_token_follows_the_same_step(n, d, outputs, zero):
    """y_j ← y_j - ΔW x_j for context and query alike; no x changes."""
    x, y, query = regression(n, n, d, outputs)
    weights = start(d, outputs, zero)
    model = construction(n, d, outputs, 3, weights)
    tokens = model.embed(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query))
    for depth in range(1, 4):
        tokens = model.layer(tokens, depth - 1)
        change = gradient_descent_weights(x, y, rates(3, n)[:depth], weights) - weights
        np.testing.assert_array_equal(tokens[:, :d], np.vstack([x, query]))
        np.testing.assert_allclose(tokens[:-1, d:], y - x @ change.T, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(tokens[-1, d:], -(weights + change) @ query, rtol=1e-12)


@pytest.mark.usefixtures("float64")
def test_leaving_out_the_start_is_starting_from_zero():
    x, y, query = (jnp.asarray(array) for array in regression(0, 10, 4, 2))
    context = Context(x, y)
    np.testing.assert_array_equal(
        construction(10, 4, 2, 3, None)(context, query), construction(10, 4, 2, 3, np.zeros((2, 4)))(context, query)
    )


@pytest.mark.usefixtures("float64")
def test_many_steps_reach_least_squares():
    x, y, query = regression(1, 200, 3, 2)
    steps = np.full(40, 200 / np.linalg.eigvalsh(x.T @ x)[-1])
    model = gradient_descent_transformer(jnp.asarray(steps), 3, 2, 200)
    found = model(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query))
    np.testing.assert_allclose(found, query @ np.linalg.lstsq(x, y)[0], rtol=1e-9)


@pytest.mark.usefixtures("float64")
def test_token_clip_bounds_every_entry():
    x, y, query = (jnp.asarray(array) for array in regression(2, 10, 4, 1))
    model = gradient_descent_transformer(jnp.full(4, 100.0), 4, 1, 10, token_clip=0.5)
    tokens = model.embed(Context(x, y), query)
    for depth in range(4):
        tokens = model.layer(tokens, depth)
        assert np.abs(tokens).max() <= 0.5
