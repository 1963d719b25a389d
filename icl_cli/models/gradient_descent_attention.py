"""Attention that can only descend: the products of Proposition 1, and nothing to train but the learning rate.

    W_KQ = diag(I, 0),   W_PV = -(η/N) diag(0, I),

with the last entries of a token for its target. Behind a trained embedding it is the control of section 4: a network
meta-learned, as by MAML, by backpropagation through one step of gradient descent on its own representation.
"""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models.attention import Attention
from icl_cli.models.linear_attention import LinearAttention

# That of the authors' code: small enough to descend for every representation that training starts from, and far
# enough from 0 that the representation has a gradient from the first step on.
INITIAL_LEARNING_RATE = 0.1


class GradientDescentAttention(Attention):
    """One step of gradient descent on 1/(2N) Σ_i |W x_i - y_i|² from W = 0, for tokens (x, y) of size `channels`."""

    learning_rate: Float[Array, ""]
    channels: int = eqx.field(static=True)
    outputs: int = eqx.field(static=True)
    context_length: int = eqx.field(static=True)

    normalise = staticmethod(LinearAttention.normalise)

    def __call__(
        self, tokens: Float[Array, "tokens channels"], sources: Float[Array, "sources channels"]
    ) -> Float[Array, "tokens channels"]:
        """-(η/N) Σ_i y_i x_iᵀ x_j in the last entries of every token, 0 in the others."""
        inputs = self.channels - self.outputs
        overlaps = tokens[:, :inputs] @ sources[:, :inputs].T
        updates = -self.learning_rate / self.context_length * overlaps @ sources[:, inputs:]
        return jnp.concatenate([jnp.zeros_like(tokens[:, :inputs]), updates], axis=1)

    @property
    def key_query_products(self) -> Float[Array, "1 channels channels"]:
        """diag(I, 0)."""
        return jnp.diag(1.0 - self._is_target)[None]

    @property
    def projection_value_products(self) -> Float[Array, "1 channels channels"]:
        """-(η/N) diag(0, I)."""
        return -self.learning_rate / self.context_length * jnp.diag(self._is_target)[None]

    @property
    def _is_target(self) -> Float[Array, " channels"]:
        """1 for the last entries of a token, 0 for the others."""
        return (jnp.arange(self.channels) >= self.channels - self.outputs).astype(self.learning_rate.dtype)
