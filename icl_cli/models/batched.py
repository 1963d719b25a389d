"""Predictions for a whole batch at once, algebraically those of the transformer applied to each episode.

XLA multiplies many tiny matrices slowly on a CPU. Where all layers are linear attention the batch is made the last
axis, products of weights are formed first, and

    e_j ← e_j + Σ_h W_PV,h G W_KQ,h e_j,   G = Σ_i e_i e_iᵀ over the context,

so that a layer is products with shared weights and two elementwise products per episode. Of the last layer only the
query's y-entry is computed. Other models are mapped over the episodes.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.models.linear_attention import LinearAttention
from icl_cli.models.positions import positional_encoding
from icl_cli.models.transformer import Transformer
from icl_cli.tasks.episode import EpisodeColumns

Columns = Float[Array, "channels tokens batch"]


def batched_predictions(model: Transformer, batch: EpisodeColumns) -> Float[Array, "outputs batch"]:
    """The model's prediction for every episode; the form is chosen by the model's structure alone."""
    if is_purely_linear(model):
        return linear_predictions(model, batch)
    episodes = batch.episodes
    return jax.vmap(model, out_axes=-1)(episodes.context, episodes.query)


def is_purely_linear(model: Transformer) -> bool:
    """Whether the model is linear attention and token clips only, starting from W₀ = 0."""
    plain = all(block.norm is None and block.mlp is None for block in model.blocks)
    linear = all(isinstance(block.attention, LinearAttention) for block in model.blocks)
    return plain and linear and model.initial_weights is None


def linear_predictions(model: Transformer, batch: EpisodeColumns) -> Float[Array, "outputs batch"]:
    """`batched_predictions` of a purely linear model."""
    inputs, outputs = batch.inputs.shape[1], batch.targets.shape[1]
    readout = slice(inputs, inputs + outputs)
    products = [(b.attention.key_query_products, b.attention.projection_value_products) for b in model.blocks]
    tokens = _merged_columns(model, batch)
    sources = tokens.shape[1] if model.query_in_context else tokens.shape[1] - 1
    for index in range(model.depth - 1):
        tokens = tokens + _linear_update(tokens, tokens[:, :sources], *products[index % len(products)])
        tokens = _clipped(tokens, model.token_clip)
    key_query, projection_value = products[(model.depth - 1) % len(products)]
    query = tokens[:, -1:]
    updates = _linear_update(query, tokens[:, :sources], key_query, projection_value[:, readout])
    return -_clipped(query[readout] + updates, model.token_clip)[:, 0]


def _merged_columns(model: Transformer, batch: EpisodeColumns) -> Columns:
    targets = batch.targets.at[-1].set(0.0)
    tokens = jnp.concatenate([batch.inputs, targets], axis=1)
    encoding = positional_encoding(model.positional, tokens.shape[0], model.positional_size)[:, :, None]
    columns = jnp.broadcast_to(jnp.asarray(encoding, tokens.dtype), (*encoding.shape[:2], tokens.shape[2]))
    return jnp.concatenate([tokens, columns], axis=1).transpose(1, 0, 2)


def _clipped(tokens: Columns, clip: float | None) -> Columns:
    return tokens if clip is None else jnp.clip(tokens, -clip, clip)


def _linear_update(
    tokens: Columns,
    sources: Float[Array, "channels sources batch"],
    key_query: Float[Array, "heads channels channels"],
    projection_value: Float[Array, "heads rows channels"],
) -> Float[Array, "rows tokens batch"]:
    """Σ_h W_PV,h (Σ_i e_i e_iᵀ) W_KQ,h e_j, through the Gram matrix or, for a few tokens, through the overlaps."""
    transposed = sources.transpose(1, 0, 2)
    few = tokens.shape[1] * 2 < sources.shape[0]
    gram = None if few else products_per_episode(sources, transposed)
    update = jnp.zeros((), tokens.dtype)
    for head in range(key_query.shape[0]):
        queries = _shared_product(key_query[head], tokens)
        if gram is None:
            mixed = products_per_episode(sources, products_per_episode(transposed, queries))
        else:
            mixed = products_per_episode(gram, queries)
        update = update + _shared_product(projection_value[head], mixed)
    return update


def _shared_product(weights: Float[Array, "rows channels"], columns: Columns) -> Float[Array, "rows tokens batch"]:
    """The same matrix times every column, as one large product."""
    channels, tokens, batch = columns.shape
    return (weights @ columns.reshape(channels, tokens * batch)).reshape(-1, tokens, batch)


@jax.custom_vjp
def products_per_episode(
    left: Float[Array, "rows inner batch"], right: Float[Array, "inner columns batch"]
) -> Float[Array, "rows columns batch"]:
    """The matrix product of every episode.

    A loop over the inner axis, because XLA would otherwise fuse one product into the next and compute it anew for
    every use; its gradient is written as two more such products, for the same reason.
    """
    start = jnp.zeros((left.shape[0], right.shape[1], left.shape[2]), left.dtype)
    return jax.lax.fori_loop(0, left.shape[1], lambda k, sums: sums + left[:, k, None] * right[None, k], start)


def _products_forward(left: Array, right: Array) -> tuple[Array, tuple[Array, Array]]:
    return products_per_episode(left, right), (left, right)


def _products_backward(operands: tuple[Array, Array], gradient: Array) -> tuple[Array, Array]:
    left, right = (operand.transpose(1, 0, 2) for operand in operands)
    return products_per_episode(gradient, right), products_per_episode(left, gradient)


products_per_episode.defvjp(_products_forward, _products_backward)
