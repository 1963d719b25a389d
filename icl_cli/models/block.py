"""One transformer layer: attention and, if wanted, LayerNorm before it and an MLP after it, each with a residual."""

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.config import RunConfig
from icl_cli.models.attention import Attention
from icl_cli.models.initialisation import initial_attention
from icl_cli.models.mlp import initial_mlp


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


def initial_block(key: PRNGKeyArray, kind: str, config: RunConfig) -> Block:
    """A layer with random weights, zero biases and a LayerNorm that starts as the plain one."""
    attention_key, mlp_key = jax.random.split(key)
    model, channels = config.model, config.token_size
    norm = None if model.layer_norm == "none" else eqx.nn.LayerNorm(channels)
    mlp = None if model.mlp_widening is None else initial_mlp(mlp_key, channels, model.mlp_widening, model)
    return Block(initial_attention(attention_key, kind, config), norm, mlp)
