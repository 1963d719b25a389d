import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import regression

from icl_cli.constructions import (
    gd_plus_plus_layer,
    gd_plus_plus_transformer,
    gradient_descent_layer,
    gradient_descent_transformer,
)
from icl_cli.models import Block, LinearAttention, Transformer
from icl_cli.tasks import Context

N, D, OUTPUTS = 8, 5, 2

pytestmark = pytest.mark.usefixtures("float64")


def models() -> dict[str, Transformer]:
    learning, curvature = jnp.array([0.9, 0.4, 0.2]), jnp.array([0.05, 0.02, 0.01])
    start = jnp.asarray(np.random.default_rng(0).normal(size=(OUTPUTS, D)))
    return {
        "gradient-descent": gradient_descent_transformer(learning, D, OUTPUTS, N),
        "gradient-descent-from-random": gradient_descent_transformer(learning, D, OUTPUTS, N, start),
        "gd-plus-plus": gd_plus_plus_transformer(learning, curvature, D, OUTPUTS, N),
    }


def predictions(model: Transformer) -> np.ndarray:
    tasks = [regression(seed, N, D, OUTPUTS) for seed in range(5)]
    return np.stack([model(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)) for x, y, query in tasks])


def with_products(model: Transformer, factor: float) -> Transformer:
    """The same products W_KQ / factor and W_PV · factor, through other matrices."""
    blocks = [
        Block(
            LinearAttention.from_products(
                block.attention.key_query_products / factor, block.attention.projection_value_products * factor
            )
        )
        for block in model.blocks
    ]
    return eqx.tree_at(lambda m: m.blocks, model, tuple(blocks))


@pytest.mark.parametrize("factor", [1.0, 0.02, -3.0])
@pytest.mark.parametrize("name", ["gradient-descent", "gradient-descent-from-random", "gd-plus-plus"])
def test_predictions_depend_on_the_rescaled_products_only(name, factor):
    model = models()[name]
    np.testing.assert_allclose(predictions(with_products(model, factor)), predictions(model), rtol=1e-12)


def test_scaling_one_product_alone_changes_predictions():
    layer = gradient_descent_layer(0.9, D, OUTPUTS, N)
    doubled = LinearAttention.from_products(2 * layer.key_query_products, layer.projection_value_products)
    single, double = (Transformer((Block(attention),), depth=1) for attention in (layer, doubled))
    np.testing.assert_allclose(predictions(double), 2 * predictions(single), rtol=1e-12)


def test_products_of_gradient_descent_are_those_of_the_paper():
    start = np.random.default_rng(0).normal(size=(OUTPUTS, D))
    layer = gradient_descent_layer(0.9, D, OUTPUTS, N, jnp.asarray(start))
    key_query = np.zeros((D + OUTPUTS, D + OUTPUTS))
    key_query[:D, :D] = np.eye(D)
    projection_value = np.zeros((D + OUTPUTS, D + OUTPUTS))
    projection_value[D:] = 0.9 / N * np.hstack([start, -np.eye(OUTPUTS)])
    np.testing.assert_allclose(layer.key_query_products[0], key_query)
    np.testing.assert_allclose(layer.projection_value_products[0], projection_value, rtol=1e-15)


def test_products_of_gd_plus_plus_add_the_curvature_on_the_inputs():
    layer = gd_plus_plus_layer(0.9, 0.07, D, OUTPUTS, N)
    diagonal = [-0.07] * D + [-0.9 / N] * OUTPUTS
    np.testing.assert_allclose(layer.projection_value_products[0], np.diag(diagonal), rtol=1e-15)
