import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config
from hypothesis import given, settings
from hypothesis import strategies as st
from model_cases import OTHER_CASES, case, random_model
from safetensors.numpy import load, save

from icl_cli.errors import SnapshotError
from icl_cli.models import from_bytes, named_arrays, to_bytes, transformer_skeleton

SMALL = {"task.input_size": 3, "model.layers": 2}
KEY = "blocks.1.attention.key"


def content(**changes: np.ndarray | None) -> bytes:
    """The stored weights of a small model, with arrays replaced, added or, for None, left out."""
    arrays = named_arrays(random_model(run_config(SMALL))) | changes
    return save({name: array for name, array in arrays.items() if array is not None})


@pytest.mark.parametrize("name", ["linear-3", "recurrent", *OTHER_CASES])
def test_weights_come_back_bit_for_bit(name):
    model = random_model(case(name))
    again = from_bytes(transformer_skeleton(case(name)), to_bytes(model))
    assert named_arrays(again).keys() == named_arrays(model).keys()
    for path, array in named_arrays(model).items():
        np.testing.assert_array_equal(named_arrays(again)[path].view(np.uint32), array.view(np.uint32))


def test_unusual_numbers_come_back_bit_for_bit():
    numbers = jnp.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3.4e38], jnp.float32)
    (again,) = from_bytes((jax.ShapeDtypeStruct((7,), jnp.float32),), to_bytes((numbers,)))
    np.testing.assert_array_equal(np.asarray(again).view(np.uint32), np.asarray(numbers).view(np.uint32))


def test_other_software_reads_the_arrays_by_their_place():
    model = random_model(run_config(SMALL))
    stored = load(to_bytes(model))
    assert stored.keys() == {
        f"blocks.{layer}.attention.{name}" for layer in (0, 1) for name in ("key", "query", "value", "projection")
    }
    np.testing.assert_array_equal(stored[KEY], model.blocks[1].attention.key)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({KEY: None}, f"lack '{KEY}'"),
        ({KEY: np.zeros((1, 4, 5), np.float32)}, rf"'{KEY}' is float32\[1, 4, 5\].*float32\[1, 4, 4\]"),
        ({KEY: np.zeros((1, 4, 4), np.float64)}, rf"'{KEY}' is float64\[1, 4, 4\].*float32\[1, 4, 4\]"),
        ({"blocks.2.attention.key": np.zeros(3, np.float32)}, r"have 'blocks\.2\.attention\.key'"),
    ],
    ids=["missing", "shape", "type", "extra"],
)
def test_weights_that_do_not_fit_are_refused_by_name(changes, message):
    with pytest.raises(SnapshotError, match=message):
        from_bytes(transformer_skeleton(run_config(SMALL)), content(**changes))


def test_unchanged_content_fits():
    assert from_bytes(transformer_skeleton(run_config(SMALL)), content()).depth == 2


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage):
    with pytest.raises(SnapshotError):
        from_bytes((jax.ShapeDtypeStruct((1,), jnp.float32),), garbage)


@pytest.mark.parametrize("length", [0, 1, 8, 100, -1])
def test_truncated_content_is_refused(length):
    with pytest.raises(SnapshotError):
        from_bytes(transformer_skeleton(run_config(SMALL)), content()[:length])
