"""Deep models and algorithms are loops: programs that do not grow with depth, and compute what is written out."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config
from model_cases import random_model
from test_batched import batch, plainly, value_and_gradient

from icl_cli.analysis import attention_maps
from icl_cli.baselines import Descent
from icl_cli.baselines.spectral import descent_residual
from icl_cli.models import batched_predictions, initial_transformer, named_arrays, transformer_skeleton
from icl_cli.models.block import initial_block
from icl_cli.models.layers_in_turn import LONGEST_UNROLLED, Stretch, stretches
from icl_cli.training import initial_state
from icl_cli.training.loop import _compiled_loop, compiled_loop

SMALL = {"task.input_size": 3, "task.output_size": 2, "task.context_length": 4}
# Depth 5, as a loop in the middle where the limit is lowered.
LOOPED: dict[str, dict[str, Any]] = {
    "own weights": {"model.token_clip": 0.8},
    "recurrent": {"model.recurrent": True, "model.token_clip": 0.8},
    "gram form": {"task.context_length": 9, "model.token_clip": None, "model.heads": 2},
    "gram form, recurrent": {"task.context_length": 9, "model.token_clip": None, "model.recurrent": True},
    "two kinds": {
        "model.attention": ("softmax", "softmax", "linear", "linear", "linear"),
        "model.query_in_context": True,
    },
    "norm between, MLP": {"model.layer_norm": "between", "model.mlp_widening": 2, "model.recurrent": True},
    "descent, one output": {"model.attention": ("gradient-descent",), "task.output_size": 1},
}


def small_config(**choices: Any):
    return run_config(SMALL | {"model.layers": 5} | choices)


def lower_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icl_cli.models.layers_in_turn.LONGEST_UNROLLED", 2)


def equations(function: Callable[..., Any], *arguments: Any) -> int:
    """How many equations the program of `function` has, those of its inner programs included."""

    def counted(jaxpr: Any) -> int:
        inner = jax.tree.leaves([e.params for e in jaxpr.eqns], is_leaf=lambda value: hasattr(value, "eqns"))
        return len(jaxpr.eqns) + sum(counted(value) for value in inner if hasattr(value, "eqns"))

    return counted(eqx.filter_make_jaxpr(function)(*arguments)[0])


def gradient(predict: Callable[..., jax.Array]) -> Callable[..., Any]:
    return eqx.filter_grad(lambda learner, *data: jnp.sum(predict(learner, *data) ** 2))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("predict", "name"),
    [*((batched_predictions, name) for name in LOOPED), (plainly, "own weights"), (plainly, "norm between, MLP")],
)
def test_loops_compute_what_is_written_out(predict, name, monkeypatch):
    config = small_config(**LOOPED[name])
    model, columns = random_model(config), batch(config)
    plain, plain_gradient = value_and_gradient(predict, model, columns)
    lower_limit(monkeypatch)
    looped, looped_gradient = value_and_gradient(predict, model, columns)
    np.testing.assert_allclose(looped, plain, rtol=1e-12, atol=1e-12 * np.abs(plain).max())
    for found, expected in zip(looped_gradient, plain_gradient, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("clip", [None, 0.4])
def test_loops_of_descent_compute_what_is_written_out(clip, monkeypatch):
    descent = Descent(jnp.linspace(0.9, 0.4, 5), jnp.linspace(0.02, 0.04, 5), clip)
    columns = batch(small_config())
    forms = (Descent.predictions, plainly)
    plain = [value_and_gradient(form, descent, columns) for form in forms]
    lower_limit(monkeypatch)
    for form, (expected, expected_gradient) in zip(forms, plain, strict=True):
        found, found_gradient = value_and_gradient(form, descent, columns)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())
        np.testing.assert_allclose(found_gradient, expected_gradient, rtol=1e-12)


@pytest.mark.usefixtures("float64")
def test_looped_residuals_are_products_over_steps():
    """p(λ) = Π_k (1 - a_k μ_k), μ_{k+1} = μ_k (1 - γ_k μ_k)², by NumPy."""
    nodes, steps = np.linspace(0.0, 3.0, 7), 3 * LONGEST_UNROLLED
    rates, curvature = np.linspace(0.01, 0.3, steps), np.linspace(0.001, 0.02, steps)
    expected, eigenvalues = np.ones_like(nodes), nodes
    for rate, gamma in zip(rates, curvature, strict=True):
        expected = expected * (1 - rate * eigenvalues)
        eigenvalues = eigenvalues * (1 - gamma * eigenvalues) ** 2
    found = descent_residual(*map(jnp.asarray, (nodes, rates, curvature)))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("clip", [None, 10.0])
def test_programs_of_deep_models_do_not_grow_with_depth(recurrent, clip):
    sizes = []
    for depth in (LONGEST_UNROLLED + 1, 3 * LONGEST_UNROLLED):
        choices = {"model.layers": depth, "model.recurrent": recurrent, "model.token_clip": clip}
        config = small_config(**choices, **{"task.context_length": 9})
        model, columns = transformer_skeleton(config), batch(config, "float32")
        forms = [gradient(predict) for predict in (batched_predictions, plainly)]
        sizes.append([equations(form, model, columns) for form in forms])
    # What remains of a layer with weights of its own: its arrays are read from the one that holds those of all layers.
    per_layer = 0 if recurrent else 8 * 2 * LONGEST_UNROLLED
    assert all(deep <= shallow + per_layer for shallow, deep in zip(*sizes, strict=True))


def test_programs_of_deep_descent_do_not_grow_with_its_steps():
    sizes = set()
    for steps in (LONGEST_UNROLLED + 1, 3 * LONGEST_UNROLLED):
        rates, columns = jnp.ones(steps), batch(small_config(), "float32")
        learner = Descent(rates, rates, 10.0)
        forms = (gradient(Descent.predictions), gradient(plainly))
        residual = equations(jax.grad(lambda r: jnp.sum(descent_residual(jnp.ones(9), r, r))), rates)
        sizes.add((residual, *(equations(form, learner, columns) for form in forms)))
    assert len(sizes) == 1


def test_deep_models_start_from_the_weights_of_single_layers():
    depth, key = LONGEST_UNROLLED + 2, jax.random.key(3)
    config = run_config(SMALL | {"model.layers": depth, "model.attention": ("softmax",) + ("linear",) * (depth - 1)})
    model = initial_transformer(key, config)
    for own, block, kind in zip(jax.random.split(key, depth), model.blocks, config.model.attention, strict=True):
        expected = named_arrays(initial_block(own, kind, config))
        assert type(block.attention) is type(initial_block(own, kind, config).attention)
        for name, array in named_arrays(block).items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-5)


def test_deep_models_have_a_map_of_every_layer(monkeypatch):
    config = small_config(**LOOPED["two kinds"])
    model, columns = random_model(config), batch(config, "float32")
    episode = jax.tree.map(lambda leaf: leaf[0], columns.episodes)
    expected = attention_maps(model, episode.context, episode.query)
    lower_limit(monkeypatch)
    found = attention_maps(model, episode.context, episode.query)
    assert len(found) == len(expected) == 5
    for layer, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(layer, other, rtol=1e-5, atol=1e-6)


def test_stretches_hold_layers_that_follow_each_other_and_are_alike():
    one, two, other = jnp.ones(3), jnp.zeros(3), jnp.ones(4)
    found = stretches([one, one, one, two, other])
    assert [(stretch.count, stretch.same) for stretch in found] == [(4, False), (1, True)]
    (shared,) = stretches([one] * 7)
    assert shared.layer is one
    assert (shared.count, shared.same) == (7, True)
    np.testing.assert_array_equal(Stretch(jnp.stack([one, two]), 2, same=False).layers, [one, two])


def test_layers_that_are_trained_as_one_array_take_the_same_steps(monkeypatch):
    """The state keeps its layers and their names; Adam's update does not depend on the array that a weight is in."""
    config = small_config(**{"training.batch_size": 8, "model.initial_scale": 0.1, "model.layers": 3})
    start = initial_state(config)
    expected, _ = compiled_loop(config)(start, jnp.uint32(0), jnp.int32(3))
    lower_limit(monkeypatch)
    _compiled_loop.cache_clear()
    found, _ = compiled_loop(config)(start, jnp.uint32(0), jnp.int32(3))
    _compiled_loop.cache_clear()
    stored, as_before = named_arrays(found), named_arrays(expected)
    assert list(stored) == list(as_before)
    for name, array in stored.items():
        np.testing.assert_allclose(array, as_before[name], rtol=1e-4, atol=1e-6)
        assert name.endswith(("count", "step")) or not np.array_equal(array, named_arrays(start)[name])
