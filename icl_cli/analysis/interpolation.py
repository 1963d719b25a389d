"""Between trained and constructed weights (Appendix A.3): if both are the same algorithm, so is everything between.

Only products matter: W_KQ = W_KᵀW_Q and W_PV = P W_V. A factor can be moved between them, so the trained ones are
first rescaled by β, the mean of the first d diagonal entries of W_KQ: W_KQ / β and W_PV β.
"""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models import Block, LinearAttention, Transformer


def can_interpolate(model: Transformer) -> bool:
    """Whether the model has weights that a construction has too: linear attention, one head, merged tokens alone."""
    plain = all(block.norm is None and block.mlp is None for block in model.blocks)
    linear = all(isinstance(block.attention, LinearAttention) for block in model.blocks)
    merged = model.token_layout == "merged" and model.positional == "none" and model.embedding is None
    merged = merged and model.initial_weights is None
    return plain and linear and merged and _heads(model) == 1


def interpolate(
    model: Transformer, construction: Transformer, weight: float | Float[Array, ""], inputs: int
) -> Transformer:
    """The transformer with products (1 - t) · trained, rescaled + t · construction, for t = `weight` in [0, 1].

    **Arguments**: `model` passes `can_interpolate`; `construction` has its depth. A recurrent model is paired with the
    construction's first layer. `inputs` is d.
    """
    pairs = zip(model.blocks, construction.blocks[: len(model.blocks)], strict=True)
    blocks = tuple(_between(trained, built, weight, inputs) for trained, built in pairs)
    return dataclasses.replace(model, blocks=blocks)


def rescaled_products(block: Block, inputs: int) -> tuple[Float[Array, "heads c c"], Float[Array, "heads c c"]]:
    """(W_KQ / β, W_PV β) of a layer."""
    key_query = block.attention.key_query_products
    beta = jnp.mean(jnp.diagonal(key_query, axis1=1, axis2=2)[:, :inputs], axis=1)[:, None, None]
    return key_query / beta, block.attention.projection_value_products * beta


def _between(trained: Block, built: Block, weight: float | Float[Array, ""], inputs: int) -> Block:
    trained_products = rescaled_products(trained, inputs)
    built_products = (built.attention.key_query_products, built.attention.projection_value_products)
    mixed = [
        (1 - weight) * ours + weight * theirs for ours, theirs in zip(trained_products, built_products, strict=True)
    ]
    return Block(LinearAttention.from_products(*mixed))


def _heads(model: Transformer) -> int:
    return max(len(block.attention.key_query_products) for block in model.blocks)
