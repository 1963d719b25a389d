"""The Gram form of unclipped linear attention: after one pass over the context, its length no longer matters.

Every token of an episode is multiplied by the same matrix I + A, A = Σ_h W_PV,h G W_KQ,h, and so, from both sides, is
the Gram matrix of the sources: G ← (I + A) G (I + A)ᵀ. Only G and the query need be followed from layer to layer.
"""

from collections.abc import Sequence

from jaxtyping import Array, Float

from icl_cli.models.batched_layer import BatchedLayer, Columns
from icl_cli.models.layers_in_turn import Stretch
from icl_cli.models.products import gram_per_episode, products_per_episode, shared_product, transposed

# The Gram matrix of the sources and the query of every episode.
GramAndQuery = tuple[Float[Array, "channels channels batch"], Float[Array, "channels 1 batch"]]


def gram_form_applies(applied: Sequence[Stretch[BatchedLayer]], sources: int) -> bool:
    """Whether all layers are plain linear attention and the sources outnumber the entries of a token."""
    layers = [stretch.layer for stretch in applied]
    plain = all(layer.linear and layer.norm is None and layer.mlp is None for layer in layers)
    unclipped = all(layer.token_clip is None for layer in layers)
    return plain and unclipped and len(layers) > 1 and sources > layers[0].key_query.shape[-1]


def read_by_gram(
    applied: Sequence[Stretch[BatchedLayer]], tokens: Columns, sources: int, readout: slice
) -> Float[Array, "outputs batch"]:
    """The query's entries `readout` after all layers; the first `sources` tokens serve as keys and values.

    The last of `applied` is one layer alone.
    """
    gram, query = gram_per_episode(tokens[:, :sources]), tokens[:, -1:]
    for stretch in applied[:-1]:
        gram, query = stretch.apply(_moved, (gram, query))
    last = applied[-1].layer.rows(readout)
    query_update = sum(
        shared_product(projection_value, products_per_episode(gram, shared_product(key_query, query)))
        for key_query, projection_value in zip(last.key_query, last.projection_value, strict=True)
    )
    return (query[readout] + query_update)[:, 0]


def _moved(layer: BatchedLayer, gram_and_query: GramAndQuery) -> GramAndQuery:
    """The Gram matrix of the sources, and the query, after a layer."""
    gram, query = gram_and_query
    heads = zip(layer.key_query, layer.projection_value, strict=True)
    step: Columns = sum(_step(*products, gram) for products in heads)  # type: ignore[assignment]
    moved = products_per_episode(step, gram)
    query = query + products_per_episode(step, query)
    return gram + moved + transposed(moved) + products_per_episode(moved, transposed(step)), query


def _step(
    key_query: Float[Array, "channels channels"],
    projection_value: Float[Array, "channels channels"],
    gram: Columns,
) -> Columns:
    """One head's W_PV G W_KQ; as G is symmetric, G W_KQ = (W_KQᵀ G)ᵀ."""
    return shared_product(projection_value, transposed(shared_product(key_query.T, gram)))
