"""Softmax self-attention, the standard layer (Eq. 1, Appendix A.9)."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models.attention import Attention


class SoftmaxAttention(Attention):
    """Weights are the softmax over the sources, of logits divided by sqrt(key_size) when `scaled`."""

    scaled: bool = eqx.field(static=True, default=True)

    def weights(self, logits: Float[Array, "heads tokens sources"]) -> Float[Array, "heads tokens sources"]:
        """Positive weights that sum to one over the sources."""
        scale = jnp.sqrt(self.key.shape[1]) if self.scaled else 1.0
        return jax.nn.softmax(logits / scale, axis=-1)
