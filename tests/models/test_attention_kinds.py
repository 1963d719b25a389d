from typing import get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config
from model_cases import SINUSOIDAL, SIZES, random_model
from numpy_transformer import attention_update
from oracles import regression

from icl_cli.config import AttentionKind
from icl_cli.models.initialisation import ATTENTION_KINDS
from icl_cli.tasks import Context

# Kinds whose matrices are all free; the other has only its learning rate (see test_gradient_descent_attention).
KINDS = [kind for kind in ATTENTION_KINDS if kind != "gradient-descent"]

pytestmark = pytest.mark.usefixtures("float64")


def layer(kind: str, **choices):
    config = run_config(
        SIZES | {f"model.{name}": value for name, value in choices.items()} | {"model.attention": (kind,)}
    )
    return random_model(config).blocks[0].attention


def test_every_configurable_kind_can_be_built():
    assert set(get_args(AttentionKind)) == set(ATTENTION_KINDS)


@pytest.mark.parametrize(
    ("tokens", "sources", "heads", "key_size"), [(7, 6, 1, 5), (7, 7, 3, 5), (1, 4, 2, 8), (5, 1, 4, 1)]
)
@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_update_is_that_of_equation_1(kind, scaled, tokens, sources, heads, key_size):
    attention = layer(kind, heads=heads, key_size=key_size, softmax_scaled=scaled)
    random = np.random.default_rng(1)
    e, s = random.normal(size=(tokens, 5)), random.normal(size=(sources, 5))
    names = ("key", "query", "value", "projection")
    weights = [{name: np.asarray(getattr(attention, name)[h]) for name in names} for h in range(heads)]
    expected = attention_update(kind, weights, e, s, scaled)
    found = eqx.filter_jit(attention)(jnp.asarray(e), jnp.asarray(s))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_products_are_those_of_each_head(kind):
    attention = layer(kind, heads=3, key_size=4)
    for h in range(3):
        key, query, value, projection = (
            np.asarray(getattr(attention, name)[h]) for name in ("key", "query", "value", "projection")
        )
        np.testing.assert_allclose(attention.key_query_products[h], key.T @ query, rtol=1e-13)
        np.testing.assert_allclose(attention.projection_value_products[h], projection @ value, rtol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_the_sources_does_not_matter(kind):
    attention = layer(kind, heads=2)
    random = np.random.default_rng(2)
    tokens, sources = (jnp.asarray(random.normal(size=(count, 5))) for count in (3, 6))
    shuffled = sources[random.permutation(6)]
    np.testing.assert_allclose(attention(tokens, shuffled), attention(tokens, sources), rtol=1e-12)


def prediction(model, permutation: np.ndarray) -> np.ndarray:
    x, y, query = regression(3, 4, 3, 2)
    return np.asarray(
        eqx.filter_jit(model)(Context(jnp.asarray(x[permutation]), jnp.asarray(y[permutation])), jnp.asarray(query))
    )


@pytest.mark.parametrize("options", [{}, {"model.mlp_widening": 2, "model.layer_norm": "before"}])
@pytest.mark.parametrize("kind", KINDS)
def test_order_of_the_context_matters_only_with_positions(kind, options):
    choices = SIZES | options | {"model.attention": (kind,), "model.layers": 2}
    order, other = np.arange(4), np.array([3, 0, 1, 2])
    without, with_positions = (random_model(run_config(choices | extra)) for extra in ({}, SINUSOIDAL))
    np.testing.assert_allclose(prediction(without, other), prediction(without, order), rtol=1e-11)
    assert not np.allclose(prediction(with_positions, other), prediction(with_positions, order), rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_matters(kind):
    attention = layer(kind, heads=2)
    random = np.random.default_rng(4)
    tokens, sources = (jnp.asarray(random.normal(size=(count, 5))) for count in (3, 6))
    gradient = jax.grad(lambda layer: jnp.sum(layer(tokens, sources) ** 2))(attention)
    assert all(np.abs(leaf).min() > 0 for leaf in jax.tree.leaves(gradient))
