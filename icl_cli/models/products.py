"""Matrix products of many episodes at once, with the batch as last axis.

XLA multiplies a batch of tiny matrices slowly on a CPU, but it vectorises sums of slices over the last axis well. It
would also fuse one such product into the next and compute it anew for each of its uses, which `materialised` prevents.
Derivatives are written as products, so that the same holds for them.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.compilation import materialised

# A matrix of every episode.
Matrices = Float[Array, "_ _ batch"]

# Longer sums are loops over blocks of this many terms: unrolled, they would take long to compile.
LONGEST_SUM = 24


def shared_product(
    weights: Float[Array, "rows channels"], columns: Float[Array, "channels tokens batch"]
) -> Float[Array, "rows tokens batch"]:
    """The same matrix times every column, as one large product."""
    channels, tokens, batch = columns.shape
    return (weights @ columns.reshape(channels, tokens * batch)).reshape(-1, tokens, batch)


@jax.custom_vjp
def products_per_episode(
    left: Float[Array, "rows inner batch"], right: Float[Array, "inner columns batch"]
) -> Float[Array, "rows columns batch"]:
    """The matrix product of every episode."""
    return jax.lax.platform_dependent(left, right, cpu=_summed_products, default=_einsum_products)


def _products_forward(left: Matrices, right: Matrices) -> tuple[Matrices, tuple[Matrices, Matrices]]:
    return products_per_episode(left, right), (left, right)


def _products_backward(operands: tuple[Matrices, Matrices], gradient: Matrices) -> tuple[Matrices, Matrices]:
    left, right = (transposed(operand) for operand in operands)
    return products_per_episode(gradient, right), products_per_episode(left, gradient)


products_per_episode.defvjp(_products_forward, _products_backward)


@jax.custom_vjp
def gram_per_episode(vectors: Float[Array, "rows inner batch"]) -> Float[Array, "rows rows batch"]:
    """V Vᵀ of every episode. Its derivative (g + gᵀ) V is one product, where that of a general product is two."""
    return products_per_episode(vectors, transposed(vectors))


def _gram_forward(vectors: Matrices) -> tuple[Matrices, Matrices]:
    return gram_per_episode(vectors), vectors


def _gram_backward(vectors: Matrices, gradient: Matrices) -> tuple[Matrices]:
    return (products_per_episode(gradient + transposed(gradient), vectors),)


gram_per_episode.defvjp(_gram_forward, _gram_backward)


def transposed(matrices: Float[Array, "rows columns batch"]) -> Float[Array, "columns rows batch"]:
    """The transpose of every episode's matrix."""
    return matrices.transpose(1, 0, 2)


def _einsum_products(left: Matrices, right: Matrices) -> Matrices:
    return jnp.einsum("ikb,kjb->ijb", left, right)


def _summed_products(left: Matrices, right: Matrices) -> Matrices:
    terms = left.shape[1]
    if terms <= LONGEST_SUM:
        return materialised(_sum_of_slices, left, right)
    blocks, rest = divmod(terms, LONGEST_SUM)

    def part(start: int | Array, size: int) -> Matrices:
        slices = (jax.lax.dynamic_slice_in_dim(m, start, size, axis) for m, axis in ((left, 1), (right, 0)))
        return _sum_of_slices(*slices)

    total = part(blocks * LONGEST_SUM, rest) if rest else jnp.zeros_like(left, shape=_product_shape(left, right))
    return jax.lax.fori_loop(0, blocks, lambda i, sums: sums + part(i * LONGEST_SUM, LONGEST_SUM), total)


def _sum_of_slices(left: Matrices, right: Matrices) -> Matrices:
    total = left[:, 0, None] * right[None, 0]
    for term in range(1, left.shape[1]):
        total = total + left[:, term, None] * right[None, term]
    return total


def _product_shape(left: Matrices, right: Matrices) -> tuple[int, int, int]:
    return left.shape[0], right.shape[1], left.shape[2]
