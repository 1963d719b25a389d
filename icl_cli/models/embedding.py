"""The embedding of tokens before the first attention layer (section 4, Appendix A.7): a deep representation.

Every token (x, y) becomes e = W_emb (x, y), without bias, and then e ← e + m(e) with a perceptron m. Its last entries
are taken for the transformed targets, the others for the representation of x, which for context tokens depends on y
too.
"""

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.config import RunConfig
from icl_cli.models.initialisation import initial_matrix
from icl_cli.models.mlp import HiddenLayer, hidden_layer, initial_mlp
from icl_cli.models.products import shared_product


class Embedding(eqx.Module):
    """Tokens as they are given → tokens as attention sees them."""

    weights: Float[Array, "channels entries"]
    mlp: eqx.nn.MLP

    @property
    def channels(self) -> int:
        """Numbers in an embedded token."""
        return self.weights.shape[0]

    def __call__(self, tokens: Float[Array, "tokens entries"]) -> Float[Array, "tokens channels"]:
        """Every token by itself: W_emb t + m(W_emb t)."""
        embedded = tokens @ self.weights.T
        return embedded + jax.vmap(self.mlp)(embedded)


class BatchedEmbedding(eqx.Module):
    """`Embedding` for batches: the hidden layer reads tokens through W_emb at once, a product with few columns."""

    weights: Float[Array, "channels entries"]
    hidden: HiddenLayer

    @property
    def channels(self) -> int:
        """Numbers in an embedded token."""
        return self.weights.shape[0]

    def __call__(self, tokens: Float[Array, "entries tokens batch"]) -> Float[Array, "channels tokens batch"]:
        """Every token of every episode by itself."""
        return shared_product(self.weights, tokens) + self.hidden(tokens)


def target_entries(embedding: Embedding | BatchedEmbedding | None, inputs: int, outputs: int) -> slice:
    """Where the targets stand in a token: after x, or last once tokens are embedded."""
    first = inputs if embedding is None else embedding.channels - outputs
    return slice(first, first + outputs)


def batched_embedding(embedding: Embedding) -> BatchedEmbedding:
    """`embedding` made ready for batches; a differentiable function of its weights."""
    return BatchedEmbedding(embedding.weights, hidden_layer(embedding.mlp, embedding.weights))


def initial_embedding(key: PRNGKeyArray, config: RunConfig) -> Embedding | None:
    """Random weights as those of attention, zero biases; None where tokens are not embedded."""
    size, widening = config.model.embedding_size, config.model.embedding_widening
    if size is None or widening is None:
        return None
    weights_key, mlp_key = jax.random.split(key)
    weights = initial_matrix(weights_key, config.given_token_size, size, config.model).T
    return Embedding(weights, initial_mlp(mlp_key, size, widening, config.model))
