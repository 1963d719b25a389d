import jax.numpy as jnp
import numpy as np
import pytest

from icl_cli.tasks import Context
from icl_cli.tasks.tokens import interleaved_tokens, merged_tokens, read_prediction

SIZES = [(1, 1, 1), (10, 10, 1), (5, 3, 2), (2, 7, 3)]  # N, d, outputs


def arrays(n: int, d: int, outputs: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(n)
    shapes = ((n, d), (n, outputs), (d,), (outputs, d))
    return tuple(random.normal(size=shape).astype(np.float32) for shape in shapes)


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_tokens_are_pairs_and_the_query_comes_last_with_an_empty_target(n, d, outputs):
    x, y, query, _ = arrays(n, d, outputs)
    tokens = merged_tokens(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query))
    np.testing.assert_array_equal(tokens[:n, :d], x)
    np.testing.assert_array_equal(tokens[:n, d:], y)
    np.testing.assert_array_equal(tokens[n], [*query, *np.zeros(outputs)])


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_query_token_holds_minus_the_first_guess(n, d, outputs):
    x, y, query, weights = arrays(n, d, outputs)
    tokens = merged_tokens(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query), jnp.asarray(weights))
    np.testing.assert_allclose(tokens[n, d:], -weights @ query, rtol=1e-5)
    np.testing.assert_allclose(read_prediction(tokens, d, outputs), weights @ query, rtol=1e-5)


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_prediction_is_read_before_the_positional_encoding(n, d, outputs):
    x, y, query, weights = arrays(n, d, outputs)
    tokens = merged_tokens(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query), jnp.asarray(weights))
    appended = jnp.concatenate([tokens, jnp.full((n + 1, 4), 123.0)], axis=1)
    np.testing.assert_array_equal(read_prediction(appended, d, outputs), read_prediction(tokens, d, outputs))


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_interleaved_tokens_hold_inputs_and_targets_in_turn_and_the_query_last(n, d, outputs):
    x, y, query, weights = arrays(n, d, outputs)
    tokens = interleaved_tokens(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query), jnp.asarray(weights))
    assert tokens.shape == (2 * n + 1, d + outputs)
    for j in range(n):
        np.testing.assert_array_equal(tokens[2 * j], [*x[j], *np.zeros(outputs)])
        np.testing.assert_array_equal(tokens[2 * j + 1], [*np.zeros(d), *y[j]])
    np.testing.assert_allclose(tokens[-1], [*query, *(-weights @ query)], rtol=1e-5)


@pytest.mark.parametrize(("n", "d", "outputs"), SIZES)
def test_an_interleaved_query_is_that_of_merged_tokens(n, d, outputs):
    x, y, query, _ = arrays(n, d, outputs)
    context = Context(jnp.asarray(x), jnp.asarray(y))
    merged, interleaved = (layout(context, jnp.asarray(query)) for layout in (merged_tokens, interleaved_tokens))
    np.testing.assert_array_equal(interleaved[-1], merged[-1])
    np.testing.assert_array_equal(interleaved[:-1:2] + interleaved[1::2], merged[:-1])
