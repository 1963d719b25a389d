"""Proposition 2: a perceptron m before attention makes layers into steps of kernel regression with k = m(x)ᵀ m(x')."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy_transformer import gelu
from oracles import gradient_descent_weights
from quick_cases import quick_cases

from icl_cli.constructions import kernel_regression_transformer
from icl_cli.tasks import Context

pytestmark = pytest.mark.usefixtures("float64")

SIZES = [(10, 1, 1, 6), (5, 3, 2, 4), (8, 4, 2, 2), (1, 2, 1, 3), (20, 3, 1, 12)]  # N, inputs, outputs, features
DEPTHS = [1, 4]
HIDDEN = 7


def perceptron(inputs: int, features: int) -> tuple[eqx.nn.MLP, list[tuple[np.ndarray, np.ndarray]]]:
    """A perceptron, and its weights and biases."""
    random = np.random.default_rng(inputs + features)
    sizes = [(HIDDEN, inputs), (features, HIDDEN)]
    layers = [(random.normal(size=size), random.normal(size=size[0])) for size in sizes]
    plain = eqx.nn.MLP(inputs, features, HIDDEN, depth=1, activation=jax.nn.gelu, key=jax.random.key(0))
    arrays = [jnp.asarray(array) for layer in layers for array in layer]
    return eqx.tree_at(lambda m: [a for x in m.layers for a in (x.weight, x.bias)], plain, arrays), layers


def representation(layers: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray) -> np.ndarray:
    """m(x) of every row."""
    (first, first_bias), (second, second_bias) = layers
    return gelu(x @ first.T + first_bias) @ second.T + second_bias


def regression(n: int, inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A context that no linear model explains, and a query."""
    random = np.random.default_rng(n)
    x = random.uniform(-2, 2, size=(n + 1, inputs))
    y = np.sin(x @ random.normal(size=(inputs, outputs))) + 0.1 * random.normal(size=(n + 1, outputs))
    return x[:-1], y[:-1], x[-1]


def learning_rates(depth: int, features: np.ndarray) -> np.ndarray:
    """Different rates a layer, below the largest with which steps descend."""
    return np.linspace(1.0, 0.3, depth) * len(features) / np.linalg.eigvalsh(features.T @ features)[-1]


def kernel_descent(kernel: np.ndarray, y: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The coefficients c of f(x) = Σ_i c_i k(x_i, x) after steps of size η/N on the squared errors of f."""
    coefficients = np.zeros_like(y)
    for rate in rates:
        coefficients = coefficients - rate / len(y) * (kernel @ coefficients - y)
    return coefficients


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("n", "inputs", "outputs", "features"), quick_cases(SIZES, 2))
def test_layers_are_steps_on_the_representation_and_of_kernel_regression(n, inputs, outputs, features, depth):
    mlp, layers = perceptron(inputs, features)
    x, y, query = regression(n, inputs, outputs)
    m, m_query = representation(layers, x), representation(layers, query[None])[0]
    rates = learning_rates(depth, m)
    model = kernel_regression_transformer(mlp, jnp.asarray(rates), outputs, n)
    found = eqx.filter_jit(model)(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query))

    descended = gradient_descent_weights(m, y, rates, np.zeros((outputs, features))) @ m_query
    kernel = np.array([[one @ other for other in m] for one in m])
    regressed = kernel_descent(kernel, y, rates).T @ (m @ m_query)
    np.testing.assert_allclose(found, descended, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found, regressed, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("n", "inputs", "outputs", "features"), quick_cases(SIZES, 2))
def test_embedded_tokens_are_representation_and_target(n, inputs, outputs, features):
    mlp, layers = perceptron(inputs, features)
    x, y, query = regression(n, inputs, outputs)
    model = kernel_regression_transformer(mlp, [0.1], outputs, n)
    tokens = model.embed(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query))
    np.testing.assert_allclose(tokens[:, :features], representation(layers, np.vstack([x, query])), atol=1e-13)
    np.testing.assert_allclose(tokens[:, features:-outputs], 0, atol=1e-14)
    np.testing.assert_array_equal(tokens[:-1, -outputs:], y)
    np.testing.assert_array_equal(tokens[-1, -outputs:], 0)
