"""The attention weights of every kind of model: with the values they rebuild what a layer does."""

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes
from model_cases import COMPILED_CASES, case, random_model


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", COMPILED_CASES)
def test_the_weights_and_the_values_make_the_layer(name):
    config = case(name)
    model = random_model(config)
    episode = jax.tree.map(lambda leaf: leaf[0], draw_episodes(config.task, 1))
    tokens = equinox.filter_jit(model.embed)(episode.context, episode.query)
    sources = len(tokens) if config.model.query_in_context else len(tokens) - 1
    for index in range(config.model.layers):
        weights = equinox.filter_jit(model.attention_weights)(tokens, index)
        assert weights.shape == (config.model.heads, len(tokens), sources)
        block = model.blocks[index % len(model.blocks)]
        normalised = config.model.layer_norm == "before" or (config.model.layer_norm == "between" and index > 0)
        seen = jax.vmap(block.norm)(tokens) if normalised else tokens
        products = np.asarray(block.attention.projection_value_products)
        moved = tokens + jnp.asarray(np.einsum("hcd,hts,sd->tc", products, weights, seen[:sources]))
        if block.mlp is not None:
            moved = moved + jax.vmap(block.mlp)(moved)
        clip = config.model.token_clip
        tokens = equinox.filter_jit(model.layer)(tokens, index)
        np.testing.assert_allclose(tokens, moved if clip is None else jnp.clip(moved, -clip, clip), rtol=1e-5)
