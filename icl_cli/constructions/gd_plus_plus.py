"""GD++: a gradient step and, at the same time, the curvature correction x_j ← (I - γ X Xᵀ) x_j (Appendix A.10).

Both use the old x. In print Eq. 17 and 22 lack W_Q e_j.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models.block import Block
from icl_cli.models.linear_attention import LinearAttention
from icl_cli.models.transformer import Transformer


def gd_plus_plus_layer(
    learning_rate: float | Float[Array, ""],
    curvature_rate: float | Float[Array, ""],
    inputs: int,
    outputs: int,
    context_length: int,
) -> LinearAttention:
    """W_K = W_Q = diag(I, 0), W_V = diag(I, -I), P = diag(-γ I, (η/N) I), with W₀ = 0."""
    size = inputs + outputs
    reads_inputs = jnp.zeros((size, size)).at[:inputs, :inputs].set(jnp.eye(inputs))
    values = jnp.diag(jnp.concatenate([jnp.ones(inputs), -jnp.ones(outputs)]))
    gains = jnp.concatenate(
        [jnp.full(inputs, -jnp.asarray(curvature_rate)), jnp.full(outputs, jnp.asarray(learning_rate) / context_length)]
    )
    return LinearAttention(reads_inputs[None], reads_inputs[None], values[None], jnp.diag(gains)[None])


def gd_plus_plus_transformer(
    learning_rates: Sequence[float] | Float[Array, " steps"],
    curvature_rates: Sequence[float] | Float[Array, " steps"],
    inputs: int,
    outputs: int,
    context_length: int,
    token_clip: float | None = None,
) -> Transformer:
    """K layers that are K steps of GD++ from W₀ = 0 with (η_k, γ_k) in layer k."""
    pairs = zip(jnp.asarray(learning_rates), jnp.asarray(curvature_rates), strict=True)
    layers = [Block(gd_plus_plus_layer(rate, curvature, inputs, outputs, context_length)) for rate, curvature in pairs]
    return Transformer(tuple(layers), depth=len(layers), token_clip=token_clip)
