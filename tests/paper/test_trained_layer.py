"""Section 3: training one linear layer finds one step of gradient descent."""

import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config

from icl_cli.training import initial_state
from icl_cli.training.loop import compiled_loop

N, D = 5, 2


@pytest.mark.parametrize("seed", [0, 1])
def test_training_reaches_the_loss_and_the_weights_of_one_tuned_step(seed):
    config = run_config(
        {
            "task.input_size": D,
            "task.context_length": N,
            "training.batch_size": 1024,
            "training.learning_rate": 0.01,
            "model.initial_scale": 0.1,
            "seed": seed,
        }
    )
    state = initial_state(config)
    for _ in range(2):
        state, metrics = compiled_loop(config)(state, jnp.int32(seed), jnp.int32(750))
    # x ~ U(-1/2, 1/2): the least loss of one step and its a = η/N, in closed form.
    loss, rate = 0.5 * D / 12 * (D - 0.2) / (N + D - 0.2), 12 / (N + D - 0.2)
    assert np.mean(metrics.losses[250:750]) == pytest.approx(loss, rel=0.03)
    attention = state.model.blocks[0].attention
    key_query, projection_value = attention.key_query_products[0], attention.projection_value_products[0]
    np.testing.assert_allclose(-projection_value[D, D] * key_query[:D, :D], rate * np.eye(D), atol=0.05 * rate)
