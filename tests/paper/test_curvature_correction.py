"""GD++ (Appendix A.10): the same layer also transforms x_j ← (I - γ X Xᵀ) x_j."""

import jax.numpy as jnp
import numpy as np
import pytest
from oracles import gd_plus_plus_tokens, regression

from icl_cli.constructions import gd_plus_plus_transformer, gradient_descent_transformer
from icl_cli.tasks import Context

SIZES = [(10, 10, 1), (5, 3, 2), (1, 4, 1), (30, 7, 3)]  # N, d, outputs
DEPTHS = [1, 4]


def rates(depth: int, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """η and γ a layer; γ times the eigenvalues of X Xᵀ stays below one."""
    return np.linspace(1.0, 2.0, depth) * n / (n + d), np.linspace(0.5, 1.0, depth) / (n + d)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_layers_transform_every_token_as_gd_plus_plus(n, d, outputs, depth):
    x, y, query = regression(n, n, d, outputs)
    learning, curvature = rates(depth, n, d)
    model = gd_plus_plus_transformer(jnp.asarray(learning), jnp.asarray(curvature), d, outputs, n)
    context = Context(jnp.asarray(x), jnp.asarray(y))
    tokens = model.embed(context, jnp.asarray(query))
    for layer in range(depth):
        tokens = model.layer(tokens, layer)
        inputs, residuals = gd_plus_plus_tokens(x, y, query, learning[: layer + 1], curvature[: layer + 1])
        np.testing.assert_allclose(tokens[:, :d], inputs, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(tokens[:, d:], residuals, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(model(context, jnp.asarray(query)), -residuals[-1], rtol=1e-12)


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_single_precision_costs_rounding_only(n, d, outputs):
    depth = 3
    x, y, query = regression(n, n, d, outputs)
    learning, curvature = rates(depth, n, d)
    model = gd_plus_plus_transformer(learning.tolist(), curvature.tolist(), d, outputs, n)
    single = [jnp.asarray(array, jnp.float32) for array in (x, y, query)]
    expected = -gd_plus_plus_tokens(x, y, query, learning, curvature)[1][-1]
    np.testing.assert_allclose(model(Context(*single[:2]), single[2]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("float64")
def test_without_curvature_rate_it_is_gradient_descent():
    x, y, query = (jnp.asarray(array) for array in regression(3, 8, 5, 2))
    learning = jnp.array([0.9, 0.4, 0.2])
    plain = gradient_descent_transformer(learning, 5, 2, 8)
    corrected = gd_plus_plus_transformer(learning, jnp.zeros(3), 5, 2, 8)
    np.testing.assert_allclose(corrected(Context(x, y), query), plain(Context(x, y), query), rtol=1e-13)


@pytest.mark.usefixtures("float64")
def test_curvature_rate_maps_eigenvalues_as_the_paper_says():
    """Eigenvalues of X Xᵀ become λ - 2γλ² + γ²λ³."""
    x, y, query = regression(4, 20, 6, 1)
    gamma = 0.03
    model = gd_plus_plus_transformer([1.0], [gamma], 6, 1, 20)
    tokens = np.asarray(model.layer(model.embed(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)), 0))
    before, after = (np.linalg.eigvalsh(part.T @ part) for part in (x, tokens[:-1, :6]))
    np.testing.assert_allclose(after, np.sort(before - 2 * gamma * before**2 + gamma**2 * before**3), rtol=1e-11)


@pytest.mark.usefixtures("float64")
def test_learning_and_curvature_rates_must_be_as_many():
    with pytest.raises(ValueError, match="zip"):
        gd_plus_plus_transformer([1.0, 1.0], [0.1], 3, 1, 5)
