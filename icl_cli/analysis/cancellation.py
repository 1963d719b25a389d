"""Whether the heads of a layer correct each other (Figure 11, Appendix A.9).

A softmax adds to the wanted update an error that a second head can subtract. Then the sum of η_h W_h,KQ, with η_h the
last diagonal entry of P_h W_h,V, is diagonal on the inputs although its parts are not.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models import Attention


def scaled_key_queries(
    key_queries: Float[Array, "heads channels channels"],
    projection_values: Float[Array, "heads channels channels"],
    inputs: int,
    outputs: int,
) -> Float[Array, "heads channels channels"]:
    """η_h W_h,KQ of every head; it does not change when a factor moves between W_KQ and W_PV.

    η_h is the mean of the y-entries on the diagonal of P_h W_h,V: for one output, and tokens without positional
    encoding, the paper's [-1, -1].
    """
    diagonals = jnp.diagonal(projection_values, axis1=1, axis2=2)
    gains = jnp.mean(diagonals[:, inputs : inputs + outputs], axis=1)
    return gains[:, None, None] * key_queries


def cancellation_score(attention: Attention, inputs: int, outputs: int) -> float:
    """The off-diagonal energy of Σ_h η_h W_h,KQ over the sum of its heads' energies, both on the inputs' block.

    The energy is the squared Frobenius norm. 0: the heads cancel exactly; 1: one head, or heads that are orthogonal;
    the number of heads: all are the same. NaN if every head is diagonal, for then nothing could cancel.
    """
    products = attention.key_query_products, attention.projection_value_products
    parts = scaled_key_queries(*products, inputs, outputs)[:, :inputs, :inputs]
    parts = jnp.where(jnp.eye(inputs, dtype=bool), 0.0, parts)
    return float(jnp.sum(jnp.sum(parts, axis=0) ** 2) / jnp.sum(parts**2))
