"""The damping at which a roll-out diverges: the eigenvalue form for GD, the exact map for any layer, and measured."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, task_config

from icl_cli.analysis import measured_critical_damping, predicted_critical_damping
from icl_cli.analysis.critical_damping import task_critical_dampings
from icl_cli.constructions import gradient_descent_transformer
from icl_cli.models import LinearAttention, Transformer
from icl_cli.models.block import Block
from icl_cli.tasks import Episode, EpisodeColumns

RATE = 6.06
SIZES = [(10, 10, 1), (3, 20, 2), (8, 4, 1)]


def largest_eigenvalues(inputs: np.ndarray) -> np.ndarray:
    inputs = np.asarray(inputs, np.float64)
    return np.linalg.eigvalsh(inputs.transpose(0, 2, 1) @ inputs)[:, -1]


def scaled_orthonormal(eigenvalue: float, size: int = 4, tasks: int = 5) -> Episode:
    """Tasks with X Xᵀ = eigenvalue · I, so that every one has the same critical damping."""
    random = np.random.default_rng(0)
    contexts = [eigenvalue**0.5 * np.linalg.qr(random.normal(size=(size, size)))[0] for _ in range(tasks)]
    inputs = np.concatenate([np.stack(contexts), random.normal(size=(tasks, 1, size))], axis=1)
    targets = np.einsum("tnd,td->tn", inputs, random.normal(size=(tasks, size)))[:, :, None]
    return EpisodeColumns(jnp.asarray(np.moveaxis(inputs, 0, -1)), jnp.asarray(np.moveaxis(targets, 0, -1))).episodes


def layer(key_query: np.ndarray, projection_value: np.ndarray) -> Transformer:
    attention = LinearAttention.from_products(jnp.asarray(key_query), jnp.asarray(projection_value))
    return Transformer((Block(attention),), depth=1)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("inputs", "context", "outputs"), SIZES)
@pytest.mark.parametrize("query_in_context", [False, True])
def test_of_the_construction_it_is_two_over_rate_times_the_largest_eigenvalue(
    inputs, context, outputs, query_in_context
):
    config = task_config(input_size=inputs, context_length=context, output_size=outputs)
    episodes = draw_episodes(config, 50)
    sources = np.asarray(episodes.context.inputs)
    if query_in_context:
        sources = np.concatenate([sources, np.asarray(episodes.query)[:, None]], axis=1)
    expected = 2 / (RATE / context * largest_eigenvalues(sources))
    model = gradient_descent_transformer([RATE], inputs, outputs, context)
    model = dataclasses.replace(model, query_in_context=query_in_context)
    np.testing.assert_allclose(task_critical_dampings(model, episodes), expected, rtol=1e-9)
    assert predicted_critical_damping(model, episodes) == pytest.approx(expected.min(), rel=1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("heads", [1, 3])
def test_the_map_is_the_derivative_of_the_applied_layer(heads):
    """Products without mixed blocks: the roll-out is then affine in the y-entries, and JAX finds its matrix."""
    inputs, outputs, context = 3, 2, 5
    random = np.random.default_rng(1)
    shape = (heads, inputs + outputs, inputs + outputs)
    key_query, projection_value = np.zeros(shape), np.zeros(shape)
    key_query[:, :inputs, :inputs] = np.eye(inputs) + 0.3 * random.normal(size=(heads, inputs, inputs))
    projection_value[:, inputs:, inputs:] = -np.eye(outputs) + 0.2 * random.normal(size=(heads, outputs, outputs))
    model = layer(key_query, projection_value)
    episodes = draw_episodes(task_config(input_size=inputs, context_length=context, output_size=outputs), 4)
    for index, critical in enumerate(task_critical_dampings(model, episodes)):
        episode = jax.tree.map(lambda leaf, i=index: leaf[i].astype(np.float64), episodes)
        tokens = model.embed(episode.context, episode.query)

        def update(residuals, tokens=tokens):
            moved = tokens.at[:-1, inputs:].set(residuals)
            return (model.layer(moved, 0) - moved)[:-1, inputs:]

        jacobian = np.asarray(jax.jit(jax.jacobian(update))(tokens[:-1, inputs:])).reshape(context * outputs, -1)
        growth = [
            np.abs(np.linalg.eigvals(np.eye(len(jacobian)) + s * critical * jacobian)).max() for s in (0.99, 1.01)
        ]
        assert growth[0] <= 1 + 1e-9
        assert growth[1] > 1 + 1e-6


@pytest.mark.parametrize("scale", [0.01, -3.0])
def test_a_factor_moved_between_the_products_changes_nothing(scale):
    episodes = draw_episodes(task_config(), 20)
    attention = gradient_descent_transformer([RATE], 10, 1, 10).blocks[0].attention
    products = [np.asarray(attention.key_query_products), np.asarray(attention.projection_value_products)]
    found = [predicted_critical_damping(layer(products[0] * s, products[1] / s), episodes) for s in (1.0, scale)]
    assert found[1] == pytest.approx(found[0], rel=1e-5)


@pytest.mark.parametrize("steps", [1, 50])
@pytest.mark.parametrize("eigenvalue", [0.4, 3.0])
def test_with_one_eigenvalue_predicted_and_measured_are_two_over_it(steps, eigenvalue):
    episodes = scaled_orthonormal(eigenvalue)
    model = gradient_descent_transformer([4.0], 4, 1, 4)
    assert predicted_critical_damping(model, episodes) == pytest.approx(2 / eigenvalue, rel=1e-5)
    measured = measured_critical_damping(model, episodes, "half-squared-error", steps)
    assert measured == pytest.approx(2 / eigenvalue, rel=2e-3)


@pytest.mark.slow
def test_measured_comes_down_to_predicted_with_more_applications():
    episodes = draw_episodes(task_config(), 100)
    model = gradient_descent_transformer([RATE], 10, 1, 10)
    measured = [measured_critical_damping(model, episodes, "half-squared-error", steps) for steps in (5, 50, 1000)]
    predicted = predicted_critical_damping(model, episodes)
    assert measured[0] > measured[1] > measured[2] > 0.999 * predicted
    assert measured[2] < 1.02 * predicted


def test_ascent_diverges_for_every_damping_and_an_idle_layer_for_none():
    episodes = draw_episodes(task_config(), 20)
    for rate, expected in ((-RATE, 0.0), (0.0, math.inf)):
        model = gradient_descent_transformer([rate], 10, 1, 10)
        assert predicted_critical_damping(model, episodes) == expected
        assert measured_critical_damping(model, episodes, "half-squared-error", 10) == expected
