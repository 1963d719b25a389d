"""Batch forms of learners against the same learners, one episode after the other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, run_config, task_config
from quick_cases import quick_cases

from icl_cli.analysis.batch_form import CHUNK, as_columns, batch_predictions, batch_sensitivities, over_chunks
from icl_cli.baselines import Descent, Problem, get_baseline
from icl_cli.models import initial_transformer

SIZES = {"context_length": 6, "input_size": 3, "output_size": 2}
TASK = task_config(**SIZES)


def transformer(**choices):
    choices = {f"task.{name}": value for name, value in SIZES.items()} | {
        f"model.{name}": value for name, value in choices.items()
    }
    return initial_transformer(jax.random.key(0), run_config({**choices, "model.initial_scale": 0.5}))


LEARNERS = {
    "one layer": transformer(),
    "softmax": transformer(attention=("softmax",)),
    "two clipped": transformer(layers=2, token_clip=0.2),
    "GD++ clipped": Descent(jnp.full(3, 2.0), jnp.full(3, 0.1), 0.3),
    "ridge": get_baseline("ridge").learner(Problem(TASK, 1, None), {"penalty": [0.1]}),
}


@pytest.mark.parametrize("name", quick_cases(LEARNERS, 3))
def test_predictions_and_sensitivities_are_those_of_single_episodes(name):
    learner, episodes = LEARNERS[name], draw_episodes(TASK, 9)

    def derivative(episode):
        return jax.jacrev(lambda query: learner(episode.context, query))(episode.query)

    plain = jax.jit(jax.vmap(lambda episode: learner(episode.context, episode.query)))(episodes)
    slopes = jax.jit(jax.vmap(derivative))(episodes)
    found, found_slopes = batch_sensitivities(learner, as_columns(episodes))
    np.testing.assert_allclose(found, plain.T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(batch_predictions(learner, as_columns(episodes)), plain.T, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found_slopes, jnp.moveaxis(slopes, 0, -1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", quick_cases([CHUNK + 1, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 5], 2))
def test_chunks_measure_every_episode_once_and_in_order(count):
    episodes = draw_episodes(TASK, count)
    found = over_chunks(lambda columns: {"first": columns.inputs[-1, 0]}, as_columns(episodes))
    np.testing.assert_array_equal(found["first"], episodes.query[:, 0])
