"""One layer of a transformer as batches need it: only the products of its attention weights."""

from dataclasses import replace

import equinox as eqx
import jax
from jaxtyping import Array, Float

from icl_cli.models.attention import Normalise
from icl_cli.models.block import Block
from icl_cli.models.linear_attention import LinearAttention
from icl_cli.models.mlp import HiddenLayer, hidden_layer

Columns = Float[Array, "channels tokens batch"]


class BatchedLayer(eqx.Module):
    """What of a layer acts.

    **Fields**: `key_query` W_KᵀW_Q, times the scale of the logits; `projection_value` P W_V, all its rows or those
    that are wanted; `normalise` as in `Attention`; `norm` and `mlp` of single tokens; `token_clip` bounds the result.
    """

    key_query: Float[Array, "heads channels channels"]
    projection_value: Float[Array, "heads rows channels"]
    normalise: Normalise = eqx.field(static=True)
    norm: eqx.nn.LayerNorm | None
    mlp: HiddenLayer | None
    token_clip: float | None = eqx.field(static=True)

    @property
    def linear(self) -> bool:
        """Whether attention weights are the logits themselves."""
        return self.normalise is LinearAttention.normalise

    @property
    def heads(self) -> int:
        """Attention heads."""
        return self.key_query.shape[0]

    def rows(self, rows: slice) -> "BatchedLayer":
        """The layer that updates only some entries of a token; an MLP needs, and gets, all."""
        return self if self.mlp is not None else replace(self, projection_value=self.projection_value[:, rows])


def batched_layer(block: Block, token_clip: float | None, normalise: bool) -> BatchedLayer:
    """The products of a block's weights; without its norm unless `normalise`."""
    attention = block.attention
    return BatchedLayer(
        attention.key_query_products * attention.logit_scale,
        attention.projection_value_products,
        type(attention).normalise,
        block.norm if normalise else None,
        block.mlp and hidden_layer(block.mlp),
        token_clip,
    )


def per_token(function: eqx.Module, columns: Columns) -> Float[Array, "rows tokens batch"]:
    """A function of one token, mapped over all."""
    return jax.vmap(jax.vmap(function, in_axes=-1, out_axes=-1), in_axes=-1, out_axes=-1)(columns)  # type: ignore[arg-type]
