from typing import get_args

import jax.numpy as jnp
import numpy as np
import pytest
from oracles import gradient_descent_weights

from icl_cli.config import Loss
from icl_cli.constructions import gradient_descent_transformer
from icl_cli.models import batched
from icl_cli.tasks import EpisodeColumns
from icl_cli.training.loss import LOSS_FACTORS, episode_losses

N, D, OUTPUTS, TASKS = 6, 3, 2, 50
RATE = 0.8
MODEL = gradient_descent_transformer([RATE], D, OUTPUTS, N)


def batch() -> tuple[EpisodeColumns, np.ndarray]:
    """Random tasks, and the squared error of one step of gradient descent in each."""
    random = np.random.default_rng(0)
    x, y = (random.normal(size=(N + 1, size, TASKS)) for size in (D, OUTPUTS))
    errors = []
    for task in range(TASKS):
        weights = gradient_descent_weights(x[:-1, :, task], y[:-1, :, task], [RATE], np.zeros((OUTPUTS, D)))
        errors.append(np.sum((weights @ x[-1, :, task] - y[-1, :, task]) ** 2))
    return EpisodeColumns(jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32)), np.array(errors)


@pytest.mark.parametrize(("loss", "factor"), [("half-squared-error", 0.5), ("squared-error", 1.0)])
def test_loss_is_the_squared_error_halved_or_not(loss, factor):
    columns, errors = batch()
    np.testing.assert_allclose(episode_losses(batched(MODEL), columns, loss), factor * errors, rtol=1e-4, atol=1e-5)


def test_every_configurable_loss_has_a_factor():
    assert set(get_args(Loss)) == set(LOSS_FACTORS)
