import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config
from numpy_transformer import perceptron, prediction

from icl_cli.analysis import learned_function
from icl_cli.models import initial_transformer, named_arrays
from icl_cli.tasks import Context


@pytest.mark.usefixtures("float64")
def test_function_before_is_the_embeddings_and_after_the_models():
    config = run_config({"task.kind": "sine", "task.context_length": 6, "model.initial_scale": 1.0})
    model = initial_transformer(jax.random.key(0), config)
    random = np.random.default_rng(0)
    x, y, queries = random.normal(size=(6, 1)), random.normal(size=(6, 1)), np.linspace(-2, 2, 5)
    found = learned_function(model, Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(queries))
    weights = named_arrays(model)
    for query, initial, final in zip(queries, *found, strict=True):
        token = np.array([[query, 0.0]]) @ weights["embedding.weights"].T
        expected = -(token + perceptron(weights, "embedding.mlp", token))[0, -1]
        np.testing.assert_allclose(initial, expected, rtol=1e-12)
        np.testing.assert_allclose(final, prediction(config, weights, x, y, np.array([query]))[0], rtol=1e-11)
