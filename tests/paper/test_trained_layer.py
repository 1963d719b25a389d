"""Section 3: one tuned step of gradient descent is what training one linear layer looks for."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, run_config, task_config

from icl_cli.constructions import gradient_descent_transformer
from icl_cli.training import initial_state
from icl_cli.training.loop import compiled_loop


def best_step(n: int, d: int) -> tuple[float, float]:
    """For x ~ U(-1/2, 1/2): the least loss (with ½) of one step of gradient descent, and its η/N, in closed form."""
    return 0.5 * d / 12 * (d - 0.2) / (n + d - 0.2), 12 / (n + d - 0.2)


def gradients(rate: float, n: int, d: int) -> np.ndarray:
    """The loss's gradient in W_KQ and W_PV at Proposition 1's construction, one row a task."""
    model = gradient_descent_transformer([rate * n], d, 1, n)
    tasks = draw_episodes(task_config(context_length=n, input_size=d), 20_000)

    def loss(model, task):
        return 0.5 * jnp.sum((model(task.context, task.query) - task.target) ** 2)

    found = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0)))(model, tasks)
    leaves = jax.tree.leaves(eqx.filter(found, eqx.is_array))
    return np.concatenate([np.asarray(leaf, np.float64).reshape(len(leaf), -1) for leaf in leaves], axis=1)


def in_standard_errors(values: np.ndarray) -> np.ndarray:
    """The mean of each column over its standard error; columns that are zero in every task stay zero."""
    errors = values.std(axis=0) / np.sqrt(len(values))
    return np.divide(values.mean(axis=0), errors, out=np.zeros(values.shape[1]), where=errors > 0)


@pytest.mark.parametrize(("n", "d"), [(10, 10), (4, 3)])
def test_one_tuned_step_is_a_stationary_point_of_training(n, d):
    rate = best_step(n, d)[1]
    assert np.abs(in_standard_errors(gradients(rate, n, d))).max() < 5
    assert np.abs(in_standard_errors(gradients(0.8 * rate, n, d))).max() > 10


@pytest.mark.parametrize("seed", [0, 1])
def test_training_on_one_input_finds_the_loss_and_the_rate_of_the_tuned_step(seed):
    n, d = 5, 1
    config = run_config(
        {
            "task.input_size": d,
            "task.context_length": n,
            "training.batch_size": 1024,
            "training.learning_rate": 0.01,
            "model.initial_scale": 0.1,
            "seed": seed,
        }
    )
    state, metrics = compiled_loop(config)(initial_state(config), jnp.int32(seed), jnp.int32(1500))
    loss, rate = best_step(n, d)
    assert np.mean(metrics.losses[500:1500]) == pytest.approx(loss, rel=0.03)
    attention = state.model.blocks[0].attention
    reads_query, writes_target = attention.key_query_products[0, :, 0], attention.projection_value_products[0, d]
    # With one input Σ x_i y_i enters twice: y as value and x as key, or the other way round.
    found = -(writes_target[1] * reads_query[0] + writes_target[0] * reads_query[1])
    assert float(found) == pytest.approx(rate, rel=0.03)
