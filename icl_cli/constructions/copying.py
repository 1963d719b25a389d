"""Proposition 3: attention that merges interleaved tokens into those of Proposition 1 (Appendix A.5).

Unit vectors p_j are the positional encodings. Keys read them, queries say which token each token looks at, and values
read y. Every token looks at the next one, and the one after a y-token has no y:

    (x_j, 0, p) ← (x_j, y_j, p),     (0, y_j, p) ← (0, y_j, p).

Proposition 1 takes no notice of a token without x. A second head can also clear the y-tokens: they look at themselves,
with values -y. In print y stands among the entries of x and takes the place of the encoding, and parts of the next x
come under y; here y has entries of its own, and encodings stay.

Linear attention copies exactly. Softmax with logit s at the token looked at and 0 at the other sources gives each of
those the weight 1 / (e^s + 2N - 1). It must look at something: at the first x-token, where nothing is to be copied.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp

from icl_cli.config import token_count
from icl_cli.constructions.gradient_descent import gradient_descent_layer
from icl_cli.models.attention import Attention
from icl_cli.models.block import Block
from icl_cli.models.linear_attention import LinearAttention
from icl_cli.models.softmax_attention import SoftmaxAttention
from icl_cli.models.transformer import Transformer


def copying_layer(
    inputs: int, outputs: int, context_length: int, *, clear: bool = False, logit_scale: float | None = None
) -> Attention:
    """W_K = diag(0, 0, I), W_Q = diag(0, 0, s L), W_V = diag(0, ±I, 0), P = I, L[i, j] = 1 where token j looks at i.

    **Arguments**: `clear` adds the head that empties y-tokens; `logit_scale` s makes it a softmax layer (without the
    division by sqrt(key_size)), None a linear one. Tokens are x, y and a unit vector of size 2N + 1.
    """
    count = token_count("interleaved", context_length)
    next_tokens, themselves = {j: j + 1 for j in range(count - 2)}, {j: j for j in range(1, count, 2)}
    looks = [next_tokens, themselves] if clear else [next_tokens]
    if logit_scale is not None:
        looks = [dict.fromkeys(range(count), 0) | sources for sources in looks]
    data = inputs + outputs
    scale = 1.0 if logit_scale is None else logit_scale
    queries = [jnp.pad(scale * _looking_at(count, sources), (data, 0)) for sources in looks]
    reads_places = jnp.pad(jnp.eye(count), (data, 0))
    reads_targets = jnp.diag(jnp.pad(jnp.ones(outputs), (inputs, count)))
    matrices = (
        jnp.stack([reads_places] * len(looks)),
        jnp.stack(queries),
        jnp.stack([reads_targets, -reads_targets][: len(looks)]),
        jnp.stack([jnp.eye(data + count)] * len(looks)),
    )
    return LinearAttention(*matrices) if logit_scale is None else SoftmaxAttention(*matrices, scaled=False)


def copying_transformer(
    learning_rate: float | jax.Array,
    inputs: int,
    outputs: int,
    context_length: int,
    *,
    clear: bool = False,
    logit_scale: float | None = None,
) -> Transformer:
    """Two layers over interleaved tokens that are one step of gradient descent from W₀ = 0: copying, Proposition 1."""
    copying = copying_layer(inputs, outputs, context_length, clear=clear, logit_scale=logit_scale)
    positions = token_count("interleaved", context_length)
    step = gradient_descent_layer(learning_rate, inputs, outputs, context_length)
    blind_to_places = jax.tree.map(lambda matrix: jnp.pad(matrix, ((0, 0), (0, positions), (0, positions))), step)
    return Transformer(
        (Block(copying), Block(blind_to_places)),
        depth=2,
        positional="unit",
        positional_size=positions,
        token_layout="interleaved",
    )


def _looking_at(count: int, sources: Mapping[int, int]) -> jax.Array:
    """The matrix with a 1 in column j and the row of the source that token j looks at, if it does."""
    return jnp.zeros((count, count)).at[jnp.array([*sources.values()], int), jnp.array([*sources], int)].set(1.0)
