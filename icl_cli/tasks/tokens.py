"""How an episode becomes tokens, and where the prediction stands in them.

Merged tokens (section 2): e_j = (x_j, y_j) and the query (x, 0). Interleaved tokens (section 4): (x_j, 0) and (0, y_j)
in turn, then the query (x, 0). The paper puts such a y_j among the entries of x; here y has its own in both layouts. A
positional encoding, if any, is appended, so the y-entry stays at `inputs : inputs + outputs` and is never the last
channel.
"""

from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.config import TokenLayout
from icl_cli.tasks.episode import Context


def merged_tokens(
    context: Context,
    query: Float[Array, " inputs"],
    initial_weights: Float[Array, "outputs inputs"] | None = None,
) -> Float[Array, "tokens channels"]:
    """N context tokens (x_j, y_j) and, last, the query token (x, -W₀ x), or (x, 0) without `initial_weights`."""
    outputs = context.targets.shape[1]
    guess = jnp.zeros(outputs, query.dtype) if initial_weights is None else -initial_weights @ query
    pairs = jnp.concatenate([context.inputs, context.targets], axis=1)
    return jnp.concatenate([pairs, jnp.concatenate([query, guess])[None]])


def interleaved_tokens(
    context: Context,
    query: Float[Array, " inputs"],
    initial_weights: Float[Array, "outputs inputs"] | None = None,
) -> Float[Array, "tokens channels"]:
    """2N context tokens (x_1, 0), (0, y_1), …, (x_N, 0), (0, y_N) and, last, the query token of `merged_tokens`."""
    inputs, outputs = context.inputs.shape[1], context.targets.shape[1]
    of_inputs = jnp.pad(context.inputs, ((0, 0), (0, outputs)))
    of_targets = jnp.pad(context.targets, ((0, 0), (inputs, 0)))
    pairs = jnp.stack([of_inputs, of_targets], axis=1).reshape(-1, inputs + outputs)
    return jnp.concatenate([pairs, merged_tokens(context, query, initial_weights)[-1:]])


# From (context, query, W₀) to tokens.
TOKEN_LAYOUTS: Mapping[TokenLayout, Callable[..., Float[Array, "tokens channels"]]] = {
    "merged": merged_tokens,
    "interleaved": interleaved_tokens,
}


def read_prediction(tokens: Float[Array, "tokens channels"], inputs: int, outputs: int) -> Float[Array, " outputs"]:
    """Minus the y-entry of the query token: the construction subtracts ΔW x from it (section 2)."""
    return -tokens[-1, inputs : inputs + outputs]
