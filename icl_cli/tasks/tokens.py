"""How an episode becomes tokens, and where the prediction stands in them.

Merged tokens (section 2): e_j = (x_j, y_j) and the query (x, 0). A positional encoding, if any, is appended, so the
y-entry stays at `inputs : inputs + outputs` and is never the last channel.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

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


def read_prediction(tokens: Float[Array, "tokens channels"], inputs: int, outputs: int) -> Float[Array, " outputs"]:
    """Minus the y-entry of the query token: the construction subtracts ΔW x from it (section 2)."""
    return -tokens[-1, inputs : inputs + outputs]
