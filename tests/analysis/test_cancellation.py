"""Heads that cancel: exact scores of constructed products."""

import jax.numpy as jnp
import numpy as np
import pytest

from icl_cli.analysis import cancellation_score, scaled_key_queries
from icl_cli.models import SoftmaxAttention

pytestmark = pytest.mark.usefixtures("float64")

INPUTS, OUTPUTS = 3, 1
SIZE = INPUTS + OUTPUTS
ERROR = np.random.default_rng(0).normal(size=(SIZE, SIZE))


def heads(key_queries: list[np.ndarray], gains: list[float]) -> SoftmaxAttention:
    """W_KQ as given and W_PV = gain · I, with W_K = P = I."""
    identity = jnp.broadcast_to(jnp.eye(SIZE), (len(gains), SIZE, SIZE))
    values = jnp.asarray(gains)[:, None, None] * identity
    return SoftmaxAttention(key=identity, query=jnp.asarray(np.stack(key_queries)), value=values, projection=identity)


def score(key_queries: list[np.ndarray], gains: list[float]) -> float:
    return cancellation_score(heads(key_queries, gains), INPUTS, OUTPUTS)


def test_heads_that_differ_by_a_diagonal_cancel_exactly():
    assert score([np.eye(SIZE) + ERROR, -np.eye(SIZE) + ERROR], [-0.7, 0.7]) == pytest.approx(0, abs=1e-30)


def test_one_head_scores_one_and_equal_heads_their_number():
    assert score([ERROR], [0.3]) == pytest.approx(1, rel=1e-12)
    assert score([ERROR] * 3, [0.3] * 3) == pytest.approx(3, rel=1e-12)


def test_a_partial_cancellation_has_the_energy_of_what_is_left():
    """Of E and -c E remain (1 - c)² of 1 + c²."""
    for share in (0.5, 0.9, 2.0):
        assert score([ERROR, ERROR], [1.0, -share]) == pytest.approx((1 - share) ** 2 / (1 + share**2), rel=1e-12)


def test_heads_on_different_entries_are_orthogonal():
    first, second = np.zeros((2, SIZE, SIZE))
    first[0, 1], second[1, 2] = 1.0, -2.0
    assert score([first, second], [1.0, 1.0]) == pytest.approx(1, rel=1e-12)


def test_only_off_diagonal_entries_of_the_inputs_count():
    noisy = ERROR.copy()
    noisy[INPUTS, :], noisy[:, INPUTS] = 7.0, -9.0
    noisy[np.arange(INPUTS), np.arange(INPUTS)] += 5.0
    assert score([noisy, ERROR], [1.0, -0.5]) == pytest.approx(0.2, rel=1e-12)
    assert np.isnan(score([np.eye(SIZE), np.eye(SIZE)], [1.0, 2.0]))


@pytest.mark.parametrize("factors", [(2.0, 1.0), (-3.0, 0.1)])
def test_factors_moved_between_the_products_change_nothing(factors):
    gains = [0.8, -0.5]
    plain = heads([ERROR, ERROR.T], gains)
    moved = heads(
        [ERROR * factors[0], ERROR.T * factors[1]], [gain / f for gain, f in zip(gains, factors, strict=True)]
    )
    expected = np.stack([0.8 * ERROR, -0.5 * ERROR.T])
    for attention in (plain, moved):
        products = attention.key_query_products, attention.projection_value_products
        scaled = scaled_key_queries(*products, INPUTS, OUTPUTS)
        np.testing.assert_allclose(scaled, expected, rtol=1e-12, atol=1e-15)
    scores = [cancellation_score(attention, INPUTS, OUTPUTS) for attention in (plain, moved)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-12)
