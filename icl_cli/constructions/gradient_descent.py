"""Proposition 1: attention weights that carry out one step of gradient descent.

With keys and queries reading x, values reading the residual W₀x - y, and P the step size over N, a layer gives

    e_j ← (x_j, y_j) + (0, -ΔW x_j),   ΔW = -(η/N) Σ_i (W₀ x_i - y_i) x_iᵀ,

to every token, the query (x, -W₀ x) included. Its y-entry times -1 is then the prediction (W₀ + ΔW) x.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models.block import Block
from icl_cli.models.linear_attention import LinearAttention
from icl_cli.models.transformer import Transformer


def gradient_descent_layer(
    learning_rate: float | Float[Array, ""],
    inputs: int,
    outputs: int,
    context_length: int,
    initial_weights: Float[Array, "outputs inputs"] | None = None,
) -> LinearAttention:
    """W_K = W_Q = diag(I, 0), W_V = [[0, 0], [W₀, -I]], P = (η/N) I (Appendix A.1)."""
    size = inputs + outputs
    reads_inputs = jnp.zeros((size, size)).at[:inputs, :inputs].set(jnp.eye(inputs))
    values = jnp.zeros((size, size)).at[inputs:, inputs:].set(-jnp.eye(outputs))
    if initial_weights is not None:
        values = values.at[inputs:, :inputs].set(initial_weights)
    projection = jnp.eye(size) * (learning_rate / context_length)
    return LinearAttention(reads_inputs[None], reads_inputs[None], values[None], projection[None])


def gradient_descent_transformer(
    learning_rates: Sequence[float] | Float[Array, " steps"],
    inputs: int,
    outputs: int,
    context_length: int,
    initial_weights: Float[Array, "outputs inputs"] | None = None,
    token_clip: float | None = None,
) -> Transformer:
    """K layers that are K steps of gradient descent from W₀ with learning rates η_1 … η_K.

    All layers share W₀ in their values: a layer finds the targets y - ΔW x, so that W₀ x minus them is the residual
    (W₀ + ΔW) x - y of the weights reached so far.
    """
    layers = [
        Block(gradient_descent_layer(rate, inputs, outputs, context_length, initial_weights))
        for rate in jnp.asarray(learning_rates)
    ]
    return Transformer(tuple(layers), depth=len(layers), token_clip=token_clip, initial_weights=initial_weights)
