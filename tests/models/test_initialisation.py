import equinox as eqx
import jax
import numpy as np
import pytest
from configs import run_config
from scipy import stats

from icl_cli.models import initial_transformer, named_arrays, transformer_skeleton
from icl_cli.models.initialisation import ATTENTION_KINDS

# Of a normal distribution cut off at two standard deviations.
TRUNCATED = stats.truncnorm(-2, 2)
# Weights of this size are many enough to measure their spread within a few percent.
LARGE = {"task.input_size": 40, "model.heads": 3, "model.key_size": 30, "model.mlp_widening": 2}
CHANNELS, HEADS, KEY_SIZE, HIDDEN = 41, 3, 30, 82
FAN_IN = {
    "attention.key": CHANNELS,
    "attention.query": CHANNELS,
    "attention.value": CHANNELS,
    "attention.projection": HEADS * KEY_SIZE,
    "mlp.layers.0.weight": CHANNELS,
    "mlp.layers.1.weight": HIDDEN,
}
SHAPES = {
    "attention.key": (HEADS, KEY_SIZE, CHANNELS),
    "attention.projection": (HEADS, CHANNELS, KEY_SIZE),
    "mlp.layers.0.weight": (HIDDEN, CHANNELS),
    "mlp.layers.1.weight": (CHANNELS, HIDDEN),
}


_initial = eqx.filter_jit(initial_transformer)


def weights(choices: dict, seed: int = 0) -> dict[str, np.ndarray]:
    return named_arrays(_initial(jax.random.key(seed), run_config(choices)))


def assert_truncated_normal(values: np.ndarray, standard_deviation: float) -> None:
    """Spread and mean within five standard errors, and the distribution by Kolmogorov and Smirnov."""
    kurtosis = float(TRUNCATED.stats("k")) + 3
    relative_error = np.sqrt((kurtosis - 1) / 4 / values.size)
    assert values.std() == pytest.approx(standard_deviation, rel=5 * relative_error)
    assert abs(values.mean()) < 5 * standard_deviation / np.sqrt(values.size)
    cut = standard_deviation / TRUNCATED.std()
    assert np.abs(values).max() <= 2 * cut * (1 + 1e-6)
    assert stats.kstest(values.ravel().astype(np.float64) / cut, TRUNCATED.cdf).pvalue > 1e-3


@pytest.mark.parametrize("kind", [kind for kind in ATTENTION_KINDS if kind != "gradient-descent"])
def test_fan_in_weights_have_the_standard_deviation_of_the_code(kind):
    found = weights(LARGE | {"model.initial_scale": 0.002, "model.attention": (kind,)})
    for name, fan_in in FAN_IN.items():
        assert_truncated_normal(found[f"blocks.0.{name}"], np.sqrt(0.002 / fan_in))


def test_fixed_weights_are_cut_at_two_scales():
    found = weights(LARGE | {"model.initialisation": "fixed", "model.initial_scale": 0.002})
    for name in FAN_IN:
        assert_truncated_normal(found[f"blocks.0.{name}"], 0.002 * TRUNCATED.std())


def test_paper_code_starts_one_layer_of_size_11_at_0_0135():
    values = np.concatenate([weights({}, seed)["blocks.0.attention.key"].ravel() for seed in range(10)])
    assert_truncated_normal(values, np.sqrt(0.002 / 11))
    assert np.sqrt(0.002 / 11) == pytest.approx(0.0135, abs=5e-5)


def test_shapes_biases_and_norms():
    found = weights(LARGE | {"model.layer_norm": "before"})
    for name in ("mlp.layers.0.bias", "mlp.layers.1.bias", "norm.bias"):
        np.testing.assert_array_equal(found[f"blocks.0.{name}"], 0)
    np.testing.assert_array_equal(found["blocks.0.norm.weight"], 1)
    assert {name: found[f"blocks.0.{name}"].shape for name in SHAPES} == SHAPES


def test_weights_are_a_function_of_the_key():
    first, same, other = (weights({"model.layers": 2}, seed) for seed in (1, 1, 2))
    for name in first:
        np.testing.assert_array_equal(first[name], same[name])
        assert not np.isclose(first[name], other[name]).all()


def test_matrices_of_one_layer_are_different_draws():
    values = np.concatenate([array.ravel() for array in weights(LARGE).values() if array.ndim > 1])
    assert np.unique(values).size > 0.99 * values.size


EMBEDDED = {
    "model.initial_scale": 0.002,
    "task.input_size": 40,
    "model.embedding_size": 60,
    "model.embedding_widening": 3,
}


def test_embeddings_start_like_other_weights():
    found = weights(EMBEDDED)
    for name, fan_in in {"weights": 41, "mlp.layers.0.weight": 60, "mlp.layers.1.weight": 180}.items():
        assert_truncated_normal(found[f"embedding.{name}"], np.sqrt(0.002 / fan_in))
    shapes = {
        name: found[f"embedding.{name}"].shape for name in ("weights", "mlp.layers.0.weight", "mlp.layers.1.weight")
    }
    assert shapes == {"weights": (60, 41), "mlp.layers.0.weight": (180, 60), "mlp.layers.1.weight": (60, 180)}
    for name in ("mlp.layers.0.bias", "mlp.layers.1.bias"):
        np.testing.assert_array_equal(found[f"embedding.{name}"], 0)


@pytest.mark.parametrize("seed", [0, 7])
def test_all_kinds_of_attention_start_behind_the_same_embedding(seed):
    """To the last bit: what is compared is attention alone (A.7)."""
    kinds = [weights(EMBEDDED | {"model.attention": (kind,)}, seed) for kind in ATTENTION_KINDS]
    others = [weights(EMBEDDED, seed + 1), weights(EMBEDDED | {"model.layers": 3}, seed)]
    names = [name for name in kinds[0] if name.startswith("embedding.")]
    assert len(names) == 5
    for name in names:
        for other in [*kinds[1:], others[1]]:
            np.testing.assert_array_equal(other[name].view(np.uint32), kinds[0][name].view(np.uint32))
        assert "bias" in name or not np.isclose(others[0][name], kinds[0][name]).all()


def test_embedding_is_drawn_apart_from_the_layers():
    found = weights({"model.layers": 3, "model.embedding_size": 11, "model.embedding_widening": 1})
    values = np.concatenate([array.ravel() for array in found.values() if array.ndim > 1])
    assert np.unique(values).size > 0.99 * values.size


def test_skeleton_has_the_shapes_of_the_weights():
    config = run_config(LARGE | {"model.layer_norm": "before"})
    skeleton = eqx.filter(transformer_skeleton(config), lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))
    arrays = eqx.filter(_initial(jax.random.key(0), config), eqx.is_array)
    assert [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(skeleton)] == [
        (leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(arrays)
    ]
