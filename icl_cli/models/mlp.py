"""The perceptron of single tokens, one hidden layer with GELU: its initial weights, and all tokens at once."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.config import ModelConfig
from icl_cli.models.initialisation import initial_matrix
from icl_cli.models.products import shared_product


def initial_mlp(key: PRNGKeyArray, channels: int, widening: int, config: ModelConfig) -> eqx.nn.MLP:
    """Random weights and zero biases; the hidden layer is `widening` times as wide as a token."""
    hidden_key, out_key = jax.random.split(key)
    hidden = widening * channels
    mlp = eqx.nn.MLP(channels, channels, hidden, depth=1, activation=jax.nn.gelu, key=key)
    weights = (
        initial_matrix(hidden_key, channels, hidden, config).T,
        initial_matrix(out_key, hidden, channels, config).T,
    )
    biases = (jnp.zeros(hidden), jnp.zeros(channels))
    return eqx.tree_at(lambda m: (*(x.weight for x in m.layers), *(x.bias for x in m.layers)), mlp, weights + biases)


class HiddenLayer(eqx.Module):
    """V gelu(U e + b) + c for all tokens of a batch, each matrix in one large product."""

    into: Float[Array, "hidden entries"]
    into_bias: Float[Array, " hidden"]
    out: Float[Array, "channels hidden"]
    out_bias: Float[Array, " channels"]

    def __call__(self, columns: Float[Array, "entries tokens batch"]) -> Float[Array, "channels tokens batch"]:
        """The tokens after the layer, in their order."""
        hidden = jax.nn.gelu(shared_product(self.into, columns) + self.into_bias[:, None, None])
        return shared_product(self.out, hidden) + self.out_bias[:, None, None]


def hidden_layer(mlp: eqx.nn.MLP, before: Float[Array, "channels entries"] | None = None) -> HiddenLayer:
    """The perceptron for batches; with `before`, that of tokens which this matrix multiplies first."""
    first, second = mlp.layers
    into = first.weight if before is None else first.weight @ before
    if first.bias is None or second.bias is None:
        raise ValueError("the perceptrons of tokens have biases")
    return HiddenLayer(into, first.bias, second.weight, second.bias)
