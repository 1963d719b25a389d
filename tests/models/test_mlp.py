"""The perceptron of all tokens at once is that of single tokens, in value and gradient."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config

from icl_cli.models.embedding import Embedding, batched_embedding
from icl_cli.models.mlp import hidden_layer, initial_mlp

pytestmark = pytest.mark.usefixtures("float64")

CHANNELS, ENTRIES = 5, 2


def perceptron() -> eqx.nn.MLP:
    """With biases that are not 0."""
    config = run_config({"model.initial_scale": 2.0}).model
    mlp = initial_mlp(jax.random.key(0), CHANNELS, 3, config)
    biases = [jnp.cos(jnp.arange(layer.bias.size)) for layer in mlp.layers]
    return eqx.tree_at(lambda m: [layer.bias for layer in m.layers], mlp, biases)


def columns(rows: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(1).normal(size=(rows, 4, 7)))


def of_single_tokens(function, tokens: jax.Array) -> jax.Array:
    return jax.vmap(jax.vmap(function, in_axes=-1, out_axes=-1), in_axes=-1, out_axes=-1)(tokens)


def value_and_gradients(function, model, tokens: jax.Array) -> list[np.ndarray]:
    """The values, and the gradients of a weighted sum of them by weights and tokens."""

    def weighted(both):
        found = function(*both)
        return jnp.sum(found * jnp.cos(jnp.arange(found.size)).reshape(found.shape)), found

    (_, found), gradients = eqx.filter_jit(eqx.filter_value_and_grad(weighted, has_aux=True))((model, tokens))
    return [np.asarray(leaf) for leaf in (found, *jax.tree.leaves(gradients))]


def assert_agree(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_hidden_layer_of_all_tokens():
    found = value_and_gradients(lambda mlp, tokens: hidden_layer(mlp)(tokens), perceptron(), columns(CHANNELS))
    assert_agree(found, value_and_gradients(of_single_tokens, perceptron(), columns(CHANNELS)))


def test_embedding_reads_through_its_matrix_at_once():
    weights = jnp.asarray(np.random.default_rng(2).normal(size=(CHANNELS, ENTRIES)))
    embedding = Embedding(weights, perceptron())
    found = value_and_gradients(lambda e, tokens: batched_embedding(e)(tokens), embedding, columns(ENTRIES))
    single = value_and_gradients(
        lambda e, tokens: of_single_tokens(lambda token: e(token[None])[0], tokens), embedding, columns(ENTRIES)
    )
    assert_agree(found, single)
