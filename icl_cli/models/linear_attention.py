"""Linear self-attention: the softmax left out, the paper's one departure from the standard layer (section 2)."""

from typing import Self

import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models.attention import MatrixAttention


class LinearAttention(MatrixAttention):
    """Weights are the logits themselves."""

    @staticmethod
    def normalise(logits: Float[Array, "..."], axis: int) -> Float[Array, "..."]:  # noqa: ARG004
        """The logits, unchanged."""
        return logits

    @classmethod
    def from_products(
        cls,
        key_query: Float[Array, "heads channels channels"],
        projection_value: Float[Array, "heads channels channels"],
    ) -> Self:
        """A layer with given products W_KQ and W_PV: W_K = I, W_Q = W_KQ, P = I, W_V = W_PV."""
        identity = jnp.broadcast_to(jnp.eye(key_query.shape[-1], dtype=key_query.dtype), key_query.shape)
        return cls(key=identity, query=key_query, value=projection_value, projection=identity)
