"""One transformer layer: attention and, if wanted, LayerNorm before it and an MLP after it, each with a residual."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.config import ModelConfig
from icl_cli.models.attention import Attention
from icl_cli.models.initialisation import initial_attention, initial_matrix


class Block(eqx.Module):
    """e ← e + attention(norm(e)); then e ← e + mlp(e)."""

    attention: Attention
    norm: eqx.nn.LayerNorm | None = None
    mlp: eqx.nn.MLP | None = None

    def __call__(
        self, tokens: Float[Array, "tokens channels"], sources: int, normalise: bool
    ) -> Float[Array, "tokens channels"]:
        """The tokens after this layer; the first `sources` tokens serve as keys and values.

        `normalise` is False where the placement "between" skips the norm of the first layer.
        """
        seen = self.seen(tokens, normalise)
        tokens = tokens + self.attention(seen, seen[:sources])
        return tokens if self.mlp is None else tokens + jax.vmap(self.mlp)(tokens)

    def seen(self, tokens: Float[Array, "tokens channels"], normalise: bool) -> Float[Array, "tokens channels"]:
        """The tokens as attention sees them."""
        return jax.vmap(self.norm)(tokens) if self.norm is not None and normalise else tokens


def initial_block(key: PRNGKeyArray, kind: str, channels: int, config: ModelConfig) -> Block:
    """A layer with random weights, zero biases and a LayerNorm that starts as the plain one."""
    attention_key, mlp_key = jax.random.split(key)
    norm = None if config.layer_norm == "none" else eqx.nn.LayerNorm(channels)
    mlp = None if config.mlp_widening is None else _initial_mlp(mlp_key, channels, config.mlp_widening, config)
    return Block(initial_attention(attention_key, kind, channels, config), norm, mlp)


def _initial_mlp(key: PRNGKeyArray, channels: int, widening: int, config: ModelConfig) -> eqx.nn.MLP:
    hidden_key, out_key = jax.random.split(key)
    hidden = widening * channels
    mlp = eqx.nn.MLP(channels, channels, hidden, depth=1, activation=jax.nn.gelu, key=key)
    weights = (
        initial_matrix(hidden_key, channels, hidden, config).T,
        initial_matrix(out_key, hidden, channels, config).T,
    )
    biases = (jnp.zeros(hidden), jnp.zeros(channels))
    return eqx.tree_at(lambda m: (*(x.weight for x in m.layers), *(x.bias for x in m.layers)), mlp, weights + biases)
