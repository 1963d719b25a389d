import dataclasses
from collections.abc import Callable, Iterable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from model_cases import CASES, COMPILED_CASES, QUICK, case, random_model

from icl_cli.constructions import gradient_descent_transformer
from icl_cli.models import Transformer, batched_predictions
from icl_cli.models.batched_layer import batched_layer
from icl_cli.models.gram_form import gram_form_applies
from icl_cli.models.layers_in_turn import Stretch
from icl_cli.tasks import Context, EpisodeColumns

BATCH = 7


def batch(config, dtype: str = "float64") -> EpisodeColumns:
    random = np.random.default_rng(0)
    task = config.task
    x, y = (
        jnp.asarray(random.normal(size=(task.context_length + 1, size, BATCH)), dtype)
        for size in (task.input_size, task.output_size)
    )
    return EpisodeColumns(x * 0.6, y)


def plainly(model: Transformer, columns: EpisodeColumns) -> jax.Array:
    """The model as it is written, for one episode, mapped over all."""

    def one(x: jax.Array, y: jax.Array) -> jax.Array:
        return model(Context(x[:-1], y[:-1]), x[-1])

    return jax.vmap(one, in_axes=-1, out_axes=-1)(columns.inputs, columns.targets)


Predict = Callable[[Transformer, EpisodeColumns], jax.Array]


def value_and_gradient(
    predict: Predict, model: Transformer, columns: EpisodeColumns
) -> tuple[jax.Array, list[jax.Array]]:
    """Predictions, and the gradient of a weighted sum of them."""

    def weighted(model: Transformer) -> tuple[jax.Array, jax.Array]:
        found = predict(model, columns)
        return jnp.sum(found * jnp.cos(jnp.arange(found.size)).reshape(found.shape)), found

    (_, found), gradient = eqx.filter_jit(eqx.filter_value_and_grad(weighted, has_aux=True))(model)
    return found, jax.tree.leaves(gradient)


def options(names: Iterable[str]) -> set[tuple[str, str]]:
    """The model's options in these cases, each with its value where that is a word, or whether it is a number."""
    found = {each for name in names for each in vars(case(name).model).items()}
    parts = [(option, part) for option, value in found for part in (value if isinstance(value, tuple) else [value])]
    return {(option, "a number" if type(part) in (int, float) else str(part)) for option, part in parts}


def test_quick_cases_have_every_option():
    assert options(QUICK) == options(CASES)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", COMPILED_CASES)
def test_batched_predictions_and_gradients_are_those_of_single_episodes(name):
    config = case(name)
    model, columns = random_model(config), batch(config)

    fast, fast_gradient = value_and_gradient(batched_predictions, model, columns)
    plain, plain_gradient = value_and_gradient(plainly, model, columns)
    assert fast.shape == (config.task.output_size, BATCH)
    np.testing.assert_allclose(fast, plain, rtol=1e-11, atol=1e-11 * np.abs(plain).max())
    for one, other in zip(fast_gradient, plain_gradient, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11 * np.abs(other).max())


@pytest.mark.parametrize("name", ["linear-1", "heads"])
def test_batched_predictions_agree_in_single_precision(name):
    config = case(name)
    model, columns = random_model(config), batch(config, "float32")
    np.testing.assert_allclose(batched_predictions(model, columns), plainly(model, columns), rtol=1e-4, atol=1e-5)


def test_query_target_is_never_read():
    config = case("linear-2")
    columns = batch(config, "float32")
    other = EpisodeColumns(columns.inputs, columns.targets.at[-1].set(99.0))
    for name in ("linear-2", "softmax", "query-in-context", "interleaved-softmax-then-linear"):
        model = random_model(case(name))
        predict = eqx.filter_jit(batched_predictions)
        np.testing.assert_array_equal(predict(model, columns), predict(model, other))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(
    ("name", "layout"), [("linear-2", "merged"), ("linear-2", "interleaved"), ("long-context", "merged")]
)
def test_first_guess_counts_in_batches_too(name, layout):
    config = case(name)
    model = gradient_descent_transformer([0.5, 0.2], 3, 2, config.task.context_length, jnp.ones((2, 3)))
    model = dataclasses.replace(model, token_layout=layout)
    columns = batch(config)
    batched, single = (eqx.filter_jit(predict)(model, columns) for predict in (batched_predictions, plainly))
    np.testing.assert_allclose(batched, single, rtol=1e-12)


def gram_form_serves(name: str) -> bool:
    config = case(name)
    layers = [Stretch(batched_layer(block, config.model.token_clip, True)) for block in random_model(config).blocks]
    applied = [layers[index % len(layers)] for index in range(config.model.layers)]
    return gram_form_applies(applied, config.token_count - (not config.model.query_in_context))


def test_both_forms_are_among_the_cases():
    served = {"long-context", "long-context-deep", "interleaved-long-context", "descent-long-context"}
    assert {name for name in CASES if gram_form_serves(name)} == served


@pytest.mark.parametrize("name", ["linear-2", "long-context-deep", "everything"])
def test_batches_compile_for_accelerators_too(name):
    """As far as can be seen without one: to the program that XLA is given."""
    model, columns = random_model(case(name)), batch(case(name), "float32")
    arrays, rest = eqx.partition(model, eqx.is_array)
    predict = jax.jit(lambda arrays, columns: batched_predictions(eqx.combine(arrays, rest), columns))
    program = predict.trace(arrays, columns).lower(lowering_platforms=("cuda",)).as_text()
    assert "dot_general" in program
