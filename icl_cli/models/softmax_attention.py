"""Softmax self-attention, the standard layer (Eq. 1, Appendix A.9)."""

import equinox as eqx
import jax
from jaxtyping import Array, Float

from icl_cli.models.attention import MatrixAttention


class SoftmaxAttention(MatrixAttention):
    """Weights are the softmax over the sources, of logits divided by sqrt(key_size) when `scaled`."""

    scaled: bool = eqx.field(static=True, default=True)

    @staticmethod
    def normalise(logits: Float[Array, "..."], axis: int) -> Float[Array, "..."]:
        """Positive weights that sum to one over the sources."""
        return jax.nn.softmax(logits, axis=axis)

    @property
    def logit_scale(self) -> float:
        """1 / sqrt(key_size) if `scaled`, else 1."""
        return self.key.shape[1] ** -0.5 if self.scaled else 1.0
