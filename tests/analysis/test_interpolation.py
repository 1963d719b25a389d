"""Interpolation: its ends, its scaling correction, and that one algorithm stays itself on the whole way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, run_config, task_config

from icl_cli.analysis import can_interpolate, interpolate, layer_products
from icl_cli.constructions import gd_plus_plus_transformer, gradient_descent_transformer
from icl_cli.models import LinearAttention, Transformer, initial_transformer
from icl_cli.models.block import Block

SIZES = {"inputs": 10, "outputs": 1, "context_length": 10}


def predictions(model: Transformer) -> np.ndarray:
    episodes = draw_episodes(task_config(), 100)
    return np.asarray(jax.vmap(model)(episodes.context, episodes.query))


def random_model(**choices) -> Transformer:
    config = run_config({"model.initial_scale": 0.5, **{f"model.{name}": value for name, value in choices.items()}})
    return initial_transformer(jax.random.key(3), config)


@pytest.mark.parametrize("choices", [{"layers": 1}, {"layers": 3}, {"layers": 2, "recurrent": True}])
def test_the_ends_are_the_model_and_the_construction(choices):
    model = random_model(**choices)
    construction = gd_plus_plus_transformer([4.0] * model.depth, [0.1] * model.depth, **SIZES)
    ends = [predictions(interpolate(model, construction, weight, 10)) for weight in (0.0, 1.0)]
    np.testing.assert_allclose(ends[0], predictions(model), rtol=2e-4, atol=1e-4)
    np.testing.assert_allclose(ends[1], predictions(construction), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [0.01, -0.3, 20.0])
@pytest.mark.parametrize("weight", [0.25, 0.5, 0.75])
def test_a_rescaled_construction_stays_itself_on_the_whole_way(scale, weight):
    construction = gradient_descent_transformer([6.0], **SIZES)
    attention = construction.blocks[0].attention
    moved = LinearAttention.from_products(
        attention.key_query_products * scale, attention.projection_value_products / scale
    )
    between = interpolate(Transformer((Block(moved),), depth=1), construction, weight, 10)
    np.testing.assert_allclose(predictions(between), predictions(construction), rtol=1e-5, atol=1e-6)


def test_the_midpoint_averages_rescaled_products():
    model, construction = random_model(layers=1), gradient_descent_transformer([6.0], **SIZES)
    attention = model.blocks[0].attention
    key_query = np.asarray(attention.key[0], np.float64).T @ np.asarray(attention.query[0], np.float64)
    projection_value = np.asarray(attention.projection[0], np.float64) @ np.asarray(attention.value[0], np.float64)
    beta = np.mean(np.diag(key_query)[:10])
    midpoint = layer_products(interpolate(model, construction, 0.5, 10))[0]
    identity = np.diag([1.0] * 10 + [0.0])
    np.testing.assert_allclose(midpoint.key_query, (key_query / beta + identity) / 2, rtol=1e-4, atol=1e-4)
    constructed = np.diag([0.0] * 10 + [-0.6])
    expected = (projection_value * beta + constructed) / 2
    np.testing.assert_allclose(midpoint.projection_value, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "choices",
    [
        {"attention": ("softmax",)},
        {"heads": 2},
        {"layer_norm": "before"},
        {"mlp_widening": 2},
        {"positional_encoding": "sinusoidal"},
        {"tokens": "interleaved", "positional_encoding": "none"},
        {"embedding_size": 11},
        {"attention": ("gradient-descent",)},
    ],
)
def test_models_without_a_matching_construction_are_not_interpolated(choices):
    assert can_interpolate(random_model())
    assert not can_interpolate(random_model(**choices))


def test_products_of_every_layer_and_head_are_listed():
    products = layer_products(random_model(layers=3, heads=2))
    assert [(each.layer, each.head) for each in products] == [(i, h) for i in range(3) for h in range(2)]
    assert all(each.key_query.shape == each.projection_value.shape == (11, 11) for each in products)
    assert not jnp.allclose(products[0].key_query, products[1].key_query)
