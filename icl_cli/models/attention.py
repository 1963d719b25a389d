"""The attention layer of Eq. 1: e_j ← e_j + Σ_h P_h V_h w(K_hᵀ q_{h,j}), without the residual.

Kinds of attention differ only in w: the identity (linear) or the softmax over the context. Biases are left out, as in
the paper. Only the products W_KQ = W_KᵀW_Q and W_PV = P W_V matter to what a layer computes.
"""

from abc import abstractmethod
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

# From logits to weights, along the given axis: that of the sources.
Normalise = Callable[[Float[Array, "..."], int], Float[Array, "..."]]


class Attention(eqx.Module):
    """All heads of one layer. Subclasses say how logits become weights, and which weights there are."""

    @staticmethod
    @abstractmethod
    def normalise(logits: Float[Array, "..."], axis: int) -> Float[Array, "..."]:
        """How much each token takes from each source; the sources are along `axis`."""

    @property
    def logit_scale(self) -> float:
        """What the logits q_jᵀ k_i are multiplied by before they become weights."""
        return 1.0

    def weights(
        self, tokens: Float[Array, "tokens channels"], sources: Float[Array, "sources channels"]
    ) -> Float[Array, "heads tokens sources"]:
        """How much each token takes from each source, head by head."""
        logits = jnp.einsum("sc,hcd,td->hts", sources, self.key_query_products, tokens)
        return self.normalise(logits * self.logit_scale, -1)

    @abstractmethod
    def __call__(
        self, tokens: Float[Array, "tokens channels"], sources: Float[Array, "sources channels"]
    ) -> Float[Array, "tokens channels"]:
        """The update of every token, from the `sources` that serve as keys and values."""

    @property
    @abstractmethod
    def key_query_products(self) -> Float[Array, "heads channels channels"]:
        """W_KQ = W_KᵀW_Q of every head (Appendix A.4)."""

    @property
    @abstractmethod
    def projection_value_products(self) -> Float[Array, "heads channels channels"]:
        """W_PV = P W_V of every head (Appendix A.4)."""


class MatrixAttention(Attention):
    """Attention with all its matrices free, as a transformer trains them.

    **Fields**: W_K, W_Q, W_V and P of every head, as they multiply a column vector.
    """

    key: Float[Array, "heads key_size channels"]
    query: Float[Array, "heads key_size channels"]
    value: Float[Array, "heads key_size channels"]
    projection: Float[Array, "heads channels key_size"]

    def __call__(
        self, tokens: Float[Array, "tokens channels"], sources: Float[Array, "sources channels"]
    ) -> Float[Array, "tokens channels"]:
        """The update of every token, from the `sources` that serve as keys and values."""
        values = jnp.einsum("hkc,sc->hsk", self.value, sources)
        return jnp.einsum("hck,htk->tc", self.projection, self.weights(tokens, sources) @ values)

    @property
    def key_query_products(self) -> Float[Array, "heads channels channels"]:
        """W_KQ = W_KᵀW_Q of every head (Appendix A.4)."""
        return jnp.einsum("hkc,hkd->hcd", self.key, self.query)

    @property
    def projection_value_products(self) -> Float[Array, "heads channels channels"]:
        """W_PV = P W_V of every head (Appendix A.4)."""
        return jnp.einsum("hck,hkd->hcd", self.projection, self.value)
