"""Attention that can only descend: Proposition 1's weights with one number to train."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config
from model_cases import case
from oracles import gradient_descent_weights, regression

from icl_cli.constructions import gradient_descent_layer
from icl_cli.models import initial_transformer, named_arrays
from icl_cli.models.gradient_descent_attention import INITIAL_LEARNING_RATE, GradientDescentAttention
from icl_cli.tasks import Context

pytestmark = pytest.mark.usefixtures("float64")

SIZES = [(10, 10, 1), (5, 3, 2), (1, 4, 1)]  # N, d, outputs
RATE = 0.7


def descent(n: int, d: int, outputs: int) -> GradientDescentAttention:
    return GradientDescentAttention(jnp.asarray(RATE), d + outputs, outputs, n)


def tokens(n: int, d: int, outputs: int) -> jax.Array:
    x, y, query = regression(n, n, d, outputs)
    return jnp.asarray(np.vstack([np.hstack([x, y]), np.concatenate([query, np.zeros(outputs)])]))


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_products_are_those_of_proposition_1(n, d, outputs):
    found, built = descent(n, d, outputs), gradient_descent_layer(RATE, d, outputs, n)
    np.testing.assert_array_equal(found.key_query_products, built.key_query_products)
    np.testing.assert_allclose(found.projection_value_products, built.projection_value_products, rtol=1e-15)


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_update_is_a_gradient_step(n, d, outputs):
    e = tokens(n, d, outputs)
    x, y = np.asarray(e[:-1, :d]), np.asarray(e[:-1, d:])
    change = gradient_descent_weights(x, y, [RATE], np.zeros((outputs, d)))
    update = descent(n, d, outputs)(e, e[:-1])
    np.testing.assert_array_equal(update[:, :d], 0)
    np.testing.assert_allclose(update[:, d:], -np.asarray(e[:, :d]) @ change.T, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradient_descent_layer(RATE, d, outputs, n)(e, e[:-1]), update, rtol=1e-12, atol=1e-14)


def test_the_learning_rate_is_all_that_is_trained():
    model = initial_transformer(jax.random.key(0), run_config({"model.attention": ("gradient-descent",)}))
    (name,) = named_arrays(model)
    assert name == "blocks.0.attention.learning_rate"
    assert named_arrays(model)[name] == INITIAL_LEARNING_RATE


def test_training_reaches_through_the_step_into_the_embedding():
    """Meta-learning: every weight of the representation has a gradient from the first step on."""
    model = initial_transformer(jax.random.key(0), case("descent-embedded"))
    x, y, query = (jnp.asarray(array) for array in regression(0, 4, 3, 2))
    gradient_of = eqx.filter_jit(eqx.filter_grad(lambda m: jnp.sum((m(Context(x, y), query) - 1.0) ** 2)))
    gradient = gradient_of(model)
    assert all(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(gradient))
