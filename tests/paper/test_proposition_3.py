"""Proposition 3: attention with unit encodings merges interleaved tokens into those that Proposition 1 needs."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import gradient_descent_weights, regression
from quick_cases import quick_cases

from icl_cli.constructions import copying_transformer
from icl_cli.models import Transformer
from icl_cli.tasks import Context

SIZES = [(10, 10, 1), (5, 3, 2), (1, 4, 1), (12, 2, 3)]  # N, d, outputs
LOGIT_SCALES = [3.0, 6.0, 12.0, 24.0]

pytestmark = pytest.mark.usefixtures("float64")


_first_layer = eqx.filter_jit(lambda model, context, query: model.layer(model.embed(context, query), 0))
_predict = eqx.filter_jit(lambda model, context, query: model(context, query))


def rate(n: int) -> float:
    return n / (n + 20)


def tokens_after_copying(model: Transformer, x: np.ndarray, y: np.ndarray, query: np.ndarray) -> np.ndarray:
    return np.asarray(_first_layer(model, Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)))


def answer(model: Transformer, x: np.ndarray, y: np.ndarray, query: np.ndarray) -> np.ndarray:
    return np.asarray(_predict(model, Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)))


def merged(x: np.ndarray, y: np.ndarray, query: np.ndarray, clear: bool) -> np.ndarray:
    """(x_j, y_j) in place of (x_j, 0), then (0, y_j) or nothing; the query (x, 0) last; every token with its place."""
    n, d = x.shape
    tokens = np.zeros((2 * n + 1, d + y.shape[1]))
    for j in range(n):
        tokens[2 * j] = [*x[j], *y[j]]
        tokens[2 * j + 1, d:] = 0 if clear else y[j]
    tokens[-1, :d] = query
    return np.hstack([tokens, np.eye(2 * n + 1)])


@pytest.mark.parametrize("clear", [False, True], ids=["one-head", "two-heads"])
@pytest.mark.parametrize(("n", "d", "outputs"), quick_cases(SIZES, 2))
def test_linear_attention_merges_neighbours(n, d, outputs, clear):
    task = regression(n, n, d, outputs)
    model = copying_transformer(rate(n), d, outputs, n, clear=clear)
    assert model.blocks[0].attention.key.shape[0] == 1 + clear
    np.testing.assert_allclose(tokens_after_copying(model, *task), merged(*task, clear), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("clear", [False, True], ids=["one-head", "two-heads"])
@pytest.mark.parametrize(("n", "d", "outputs"), quick_cases(SIZES, 2))
def test_copying_and_one_step_is_one_step_of_gradient_descent(n, d, outputs, clear):
    x, y, query = regression(n, n, d, outputs)
    expected = gradient_descent_weights(x, y, [rate(n)], np.zeros((outputs, d))) @ query
    found = answer(copying_transformer(rate(n), d, outputs, n, clear=clear), x, y, query)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_without_copying_nothing_is_learned():
    """The pairs of interleaved tokens have no product of x and y until they are merged."""
    x, y, query = regression(0, 10, 10, 1)
    model = copying_transformer(rate(10), 10, 1, 10)
    silent = eqx.tree_at(lambda m: m.blocks[0].attention.projection, model, replace_fn=jnp.zeros_like)
    np.testing.assert_array_equal(answer(silent, x, y, query), [0.0])


def deviations(y: np.ndarray, clear: bool) -> np.ndarray:
    """What softmax copying errs by, times e^s + 2N - 1: Σ_i (v_i - v) over the sources i, v at the one looked at.

    In a row for each token; the values v are y in the first head and -y in the second.
    """
    values = np.zeros((2 * len(y), y.shape[1]))
    values[1::2] = y
    looked_at = np.zeros((2 * len(y) + 1, y.shape[1]))
    looked_at[:-1:2] = y
    found = values.sum(axis=0) - len(values) * looked_at
    if clear:
        own = np.vstack([values, np.zeros(y.shape[1])])
        found = found - (values.sum(axis=0) - len(values) * own)
    return found


@pytest.mark.parametrize("scale", LOGIT_SCALES)
@pytest.mark.parametrize("clear", [False, True], ids=["one-head", "two-heads"])
@pytest.mark.parametrize(("n", "d", "outputs"), quick_cases(SIZES, 2))
def test_softmax_attention_merges_neighbours_up_to_an_error_that_falls_as_its_logits_grow(n, d, outputs, clear, scale):
    x, y, query = regression(n, n, d, outputs)
    model = copying_transformer(rate(n), d, outputs, n, clear=clear, logit_scale=scale)
    found, exact = tokens_after_copying(model, x, y, query), merged(x, y, query, clear)
    targets = slice(d, d + outputs)
    np.testing.assert_array_equal(np.delete(found, targets, axis=1), np.delete(exact, targets, axis=1))
    error, wrong = found[:, targets] - exact[:, targets], deviations(y, clear)
    np.testing.assert_allclose(error, wrong / (np.exp(scale) + 2 * n - 1), rtol=1e-10, atol=1e-14)
    assert np.all(np.abs(error) <= np.exp(-scale) * np.abs(wrong) + 1e-14)


@pytest.mark.parametrize("scale", LOGIT_SCALES)
@pytest.mark.parametrize("clear", [False, True], ids=["one-head", "two-heads"])
@pytest.mark.parametrize(("n", "d", "outputs"), quick_cases(SIZES, 2))
def test_softmax_copying_and_one_step_errs_less_than_exponentially_little(n, d, outputs, clear, scale):
    """|ŷ - ŷ_GD| ≤ e^-s (|δ_query| + η/N Σ_j |δ_j| |x_jᵀ x|), δ what the tokens err by for s = 0, times 2N."""
    x, y, query = regression(n, n, d, outputs)
    expected = gradient_descent_weights(x, y, [rate(n)], np.zeros((outputs, d))) @ query
    found = answer(copying_transformer(rate(n), d, outputs, n, clear=clear, logit_scale=scale), x, y, query)
    wrong = np.abs(deviations(y, clear))
    bound = np.exp(-scale) * (wrong[-1] + rate(n) / n * np.abs(x @ query) @ wrong[:-1:2])
    error = np.abs(found - expected)
    assert np.all(error <= bound + 1e-14)
    assert error.max() > 1e-3 * bound.max() - 1e-14
