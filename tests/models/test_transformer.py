import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config
from model_cases import COMPILED_CASES, SIZES, case, random_model
from numpy_transformer import encoding, prediction
from oracles import regression

from icl_cli.models import initial_transformer, named_arrays
from icl_cli.models.positions import positional_encoding
from icl_cli.tasks import Context

pytestmark = pytest.mark.usefixtures("float64")


def task(config, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return regression(seed, config.task.context_length, config.task.input_size, config.task.output_size)


def answer(model, x, y, query) -> np.ndarray:
    return np.asarray(eqx.filter_jit(model)(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)))


@pytest.mark.parametrize("name", COMPILED_CASES)
def test_forward_pass_is_that_of_the_equations(name):
    config = case(name)
    model = random_model(config)
    found = answer(model, *task(config))
    np.testing.assert_allclose(found, prediction(config, named_arrays(model), *task(config)), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["clip", "clip-one-layer", "everything"])
def test_clip_acts_in_the_cases_that_have_one(name):
    config = case(name)
    free = eqx.tree_at(lambda m: m.blocks, run_without_clip(config), random_model(config).blocks)
    assert not np.allclose(answer(free, *task(config)), answer(random_model(config), *task(config)), rtol=1e-3)


def run_without_clip(config):
    model = config.model.model_copy(update={"token_clip": None})
    return random_model(config.model_copy(update={"model": model}))


def test_recurrent_model_is_the_same_block_stacked():
    stacked, recurrent = (
        run_config(SIZES | {"model.layers": 4, "model.recurrent": recurrent, "model.token_clip": None})
        for recurrent in (False, True)
    )
    once = random_model(recurrent)
    assert len(once.blocks) == 1
    repeated = eqx.tree_at(lambda m: m.blocks, random_model(stacked), once.blocks * 4)
    np.testing.assert_array_equal(answer(once, *task(recurrent)), answer(repeated, *task(stacked)))


def test_layers_with_own_weights_start_differently():
    blocks = initial_transformer(jax.random.key(0), run_config({"model.layers": 3})).blocks
    keys = np.stack([block.attention.key.ravel() for block in blocks])
    assert len(np.unique(keys)) == keys.size


@pytest.mark.parametrize("kind", ["sinusoidal", "unit"])
def test_untrained_prediction_is_the_first_guess_and_never_the_encoding(kind):
    """The y-entry stands before the encoding: with all weights 0 the prediction is W₀ x, whatever is appended."""
    config = run_config(SIZES | {"model.positional_encoding": kind})
    silent = jax.tree.map(lambda leaf: leaf * 0, eqx.filter(random_model(config), eqx.is_array))
    model = eqx.combine(silent, random_model(config))
    x, y, query = task(config)
    np.testing.assert_array_equal(answer(model, x, y, query), np.zeros(2))
    start = np.random.default_rng(0).normal(size=(2, 3))
    started = eqx.tree_at(lambda m: m.initial_weights, model, jnp.asarray(start), is_leaf=lambda leaf: leaf is None)
    np.testing.assert_allclose(answer(started, x, y, query), start @ query, rtol=1e-15)


@pytest.mark.parametrize("size", [1, 2, 7, 10, 20])
@pytest.mark.parametrize("kind", ["sinusoidal", "unit"])
def test_positional_encodings(kind, size):
    positions = min(size, 12) if kind == "unit" else 12
    expected = [encoding(kind, position, size) for position in range(positions)]
    np.testing.assert_allclose(positional_encoding(kind, positions, size), expected, rtol=1e-12, atol=1e-15)


def test_no_positional_encoding_adds_no_channel():
    assert positional_encoding("none", 11, 0).shape == (11, 0)
