"""Products of many small matrices, against NumPy's in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_cli.models.products import (
    LONGEST_SUM,
    gram_per_episode,
    products_per_episode,
    shared_product,
    transposed,
)

pytestmark = pytest.mark.usefixtures("float64")

SIZES = [(3, 4, 2, 5), (1, 1, 1, 1), (2, LONGEST_SUM, 3, 4), (3, LONGEST_SUM + 1, 2, 3), (2, 5 * LONGEST_SUM, 2, 3)]


def matrices(rows: int, columns: int, batch: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns, batch))


@pytest.mark.parametrize(("rows", "inner", "columns", "batch"), SIZES)
def test_products_and_their_gradients(rows, inner, columns, batch):
    left, right = matrices(rows, inner, batch), matrices(inner, columns, batch, 1)
    weights = matrices(rows, columns, batch, 2)
    found, pull_back = jax.jit(lambda a, b: jax.vjp(products_per_episode, a, b))(left, right)
    by_left, by_right = jax.jit(pull_back)(jnp.asarray(weights))
    np.testing.assert_allclose(found, np.einsum("ikb,kjb->ijb", left, right), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(by_left, np.einsum("ijb,kjb->ikb", weights, right), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(by_right, np.einsum("ikb,ijb->kjb", left, weights), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("rows", "inner", "batch"), [(3, 4, 5), (2, LONGEST_SUM + 7, 3), (LONGEST_SUM + 2, 3, 2)])
def test_gram_matrices_and_their_gradients(rows, inner, batch):
    vectors, weights = matrices(rows, inner, batch), matrices(rows, rows, batch, 1)
    found, pull_back = jax.jit(lambda v: jax.vjp(gram_per_episode, v))(vectors)
    (gradient,) = jax.jit(pull_back)(jnp.asarray(weights))
    np.testing.assert_allclose(found, np.einsum("ikb,jkb->ijb", vectors, vectors), rtol=1e-12, atol=1e-13)
    symmetric = weights + weights.transpose(1, 0, 2)
    np.testing.assert_allclose(gradient, np.einsum("ijb,jkb->ikb", symmetric, vectors), rtol=1e-12, atol=1e-13)


def test_shared_products_and_transposes():
    weights, columns = np.random.default_rng(0).normal(size=(2, 3)), matrices(3, 4, 5)
    np.testing.assert_allclose(
        shared_product(jnp.asarray(weights), jnp.asarray(columns)), np.einsum("rc,ctb->rtb", weights, columns)
    )
    np.testing.assert_array_equal(transposed(jnp.asarray(columns)), columns.transpose(1, 0, 2))


def test_a_product_that_is_not_a_number_is_told():
    left = matrices(2, 3, 4)
    left[0, 0, 0] = np.nan
    assert np.isnan(products_per_episode(jnp.asarray(left), jnp.asarray(matrices(3, 2, 4)))[0, :, 0]).all()
