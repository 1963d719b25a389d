"""The token form: every layer updates all tokens, the last one only what is read of the query.

Linear attention multiplies every token of an episode by the same matrix,

    e ← e + Σ_h W_PV,h G W_KQ,h e,   G = Σ_i e_i e_iᵀ over the sources,

so many tokens are updated through G and a few through their overlaps with the sources; softmax needs the overlaps.
"""

from collections.abc import Sequence

import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.compilation import materialised
from icl_cli.models.batched_layer import BatchedLayer, Columns, per_token
from icl_cli.models.layers_in_turn import Stretch
from icl_cli.models.products import gram_per_episode, products_per_episode, shared_product, transposed


def read_by_tokens(
    applied: Sequence[Stretch[BatchedLayer]], tokens: Columns, sources: int, readout: slice
) -> Float[Array, "outputs batch"]:
    """The query's entries `readout` after all layers; the first `sources` tokens serve as keys and values.

    The last of `applied` is one layer alone.
    """

    def moved(layer: BatchedLayer, tokens: Columns) -> Columns:
        seen = _seen(layer, tokens)
        return _finished(layer, tokens + _update(layer, seen, seen[:, :sources]))

    for stretch in applied[:-1]:
        tokens = stretch.apply(moved, tokens)
    last = applied[-1].layer.rows(readout)
    seen = _seen(last, tokens)
    update = _update(last, seen[:, -1:], seen[:, :sources])
    if last.mlp is None:
        return _finished(last, tokens[readout, -1:] + update)[:, 0]
    return _finished(last, tokens[:, -1:] + update)[readout, 0]


def _seen(layer: BatchedLayer, tokens: Columns) -> Columns:
    """The tokens as attention sees them."""
    return tokens if layer.norm is None else per_token(layer.norm, tokens)


def _finished(layer: BatchedLayer, tokens: Columns) -> Columns:
    """The tokens after what follows attention."""
    if layer.mlp is not None:
        tokens = tokens + layer.mlp(tokens)
    return tokens if layer.token_clip is None else jnp.clip(tokens, -layer.token_clip, layer.token_clip)


def _update(
    layer: BatchedLayer, tokens: Columns, sources: Float[Array, "channels sources batch"]
) -> Float[Array, "rows tokens batch"]:
    """Σ_h W_PV,h Σ_i e_i w(e_iᵀ W_KQ,h e_j) for every token e_j."""
    through_gram = layer.linear and _gram_is_cheaper(tokens.shape[0], tokens.shape[1], sources.shape[1], layer.heads)
    gram = gram_per_episode(sources) if through_gram else None
    update = jnp.zeros((), tokens.dtype)
    for key_query, projection_value in zip(layer.key_query, layer.projection_value, strict=True):
        queries = shared_product(key_query, tokens)
        if gram is None:
            overlaps = products_per_episode(transposed(sources), queries)
            weights = overlaps if layer.linear else materialised(lambda o: layer.normalise(o, 0), overlaps)
            mixed = products_per_episode(sources, weights)
        else:
            mixed = products_per_episode(gram, queries)
        update = update + shared_product(projection_value, mixed)
    return update


def _gram_is_cheaper(channels: int, tokens: int, sources: int, heads: int) -> bool:
    """By the multiplications of both forms, with those of their gradients: c²(2S + 3TH) < 6cSTH."""
    return channels * (2 * sources + 3 * tokens * heads) < 6 * sources * tokens * heads
