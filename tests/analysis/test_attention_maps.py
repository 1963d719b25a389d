"""Attention maps: rows of a softmax are shares, those of linear attention are logits of the tokens before the layer."""

import jax
import numpy as np
import pytest
from configs import draw_episodes, run_config

from icl_cli.analysis import attention_maps
from icl_cli.models import initial_transformer


@pytest.mark.parametrize("query_in_context", [False, True])
def test_maps_of_a_softmax_layer_and_of_the_linear_layer_after_it(query_in_context):
    choices = {"layers": 2, "attention": ("softmax", "linear"), "heads": 2, "initial_scale": 0.5}
    choices["query_in_context"] = query_in_context
    config = run_config({f"model.{name}": value for name, value in choices.items()})
    model = initial_transformer(jax.random.key(0), config)
    episode = jax.tree.map(lambda leaf: leaf[0], draw_episodes(config.task, 1))
    softmax, linear = attention_maps(model, episode.context, episode.query)
    sources = 11 if query_in_context else 10
    assert softmax.shape == linear.shape == (2, 11, sources)
    assert np.all(np.asarray(softmax) > 0)
    np.testing.assert_allclose(softmax.sum(axis=-1), 1.0, rtol=1e-5)
    tokens = np.asarray(model.layer(model.embed(episode.context, episode.query), 0))
    for head, product in enumerate(np.asarray(model.blocks[1].attention.key_query_products)):
        np.testing.assert_allclose(linear[head], tokens @ product.T @ tokens[:sources].T, rtol=1e-3, atol=1e-5)


def test_a_recurrent_layer_has_a_map_for_every_application():
    config = run_config({"model.layers": 3, "model.recurrent": True, "model.initial_scale": 0.5})
    model = initial_transformer(jax.random.key(0), config)
    episode = jax.tree.map(lambda leaf: leaf[0], draw_episodes(config.task, 1))
    maps = attention_maps(model, episode.context, episode.query)
    assert len(maps) == 3
    assert not np.allclose(maps[0], maps[2], rtol=1e-3)
