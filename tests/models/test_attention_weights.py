"""The attention weights of every kind of model: with the values they rebuild what a layer does."""

import equinox
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes
from model_cases import COMPILED_CASES, case, random_model

from icl_cli.models import Transformer
from icl_cli.tasks import Episode


@equinox.filter_jit
def layer_by_layer(model: Transformer, episode: Episode) -> tuple[list[jax.Array], list[jax.Array]]:
    """The tokens before each layer and after the last, and the attention weights of each."""
    states, weights = [model.embed(episode.context, episode.query)], []
    for index in range(model.depth):
        weights.append(model.attention_weights(states[-1], index))
        states.append(model.layer(states[-1], index))
    return states, weights


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", COMPILED_CASES)
def test_the_weights_and_the_values_make_the_layer(name):
    config = case(name)
    model = random_model(config)
    episode = jax.tree.map(lambda leaf: leaf[0], draw_episodes(config.task, 1))
    states, layers = layer_by_layer(model, episode)
    sources = len(states[0]) if config.model.query_in_context else len(states[0]) - 1
    for index, weights in enumerate(layers):
        tokens = states[index]
        assert weights.shape == (config.model.heads, len(tokens), sources)
        block = model.blocks[index % len(model.blocks)]
        normalised = config.model.layer_norm == "before" or (config.model.layer_norm == "between" and index > 0)
        seen = jax.vmap(block.norm)(tokens) if normalised else tokens
        products = np.asarray(block.attention.projection_value_products)
        moved = tokens + jnp.asarray(np.einsum("hcd,hts,sd->tc", products, weights, seen[:sources]))
        if block.mlp is not None:
            moved = moved + jax.vmap(block.mlp)(moved)
        clip = config.model.token_clip
        np.testing.assert_allclose(
            states[index + 1], moved if clip is None else jnp.clip(moved, -clip, clip), rtol=1e-5
        )
