"""A transformer for whole batches, algebraically the one that is written for single episodes.

The batch is the last axis, and products of weights are formed once for all episodes. Which form of the algebra serves
depends on the model's structure and the sizes alone: see `token_form` and `gram_form`.
"""

from itertools import cycle

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.config import PositionalEncoding, TokenLayout
from icl_cli.models.batched_layer import BatchedLayer, Columns, batched_layer
from icl_cli.models.block import Block
from icl_cli.models.embedding import BatchedEmbedding, batched_embedding, target_entries
from icl_cli.models.gram_form import gram_form_applies, read_by_gram
from icl_cli.models.layers_in_turn import Stretch, is_deep, stretches
from icl_cli.models.positions import positional_encoding
from icl_cli.models.token_form import read_by_tokens
from icl_cli.models.transformer import Transformer
from icl_cli.tasks.episode import EpisodeColumns


class BatchedTransformer(eqx.Module):
    """Many episodes → their predictions.

    **Fields**: `first` is the layer applied first, `others` are those applied afterwards, in turn, until `depth` in
    all, the last one alone; the rest as in `Transformer`.
    """

    first: BatchedLayer
    others: tuple[Stretch[BatchedLayer], ...]
    initial_weights: Float[Array, "outputs inputs"] | None
    depth: int = eqx.field(static=True)
    query_in_context: bool = eqx.field(static=True)
    positional: PositionalEncoding = eqx.field(static=True)
    positional_size: int = eqx.field(static=True)
    token_layout: TokenLayout = eqx.field(static=True)
    embedding: BatchedEmbedding | None = None

    def __call__(self, batch: EpisodeColumns) -> Float[Array, "outputs batch"]:
        """The prediction for the query of every episode."""
        inputs, outputs = batch.inputs.shape[1], batch.targets.shape[1]
        applied = self._applied()
        tokens = self.embed(batch)
        sources = tokens.shape[1] if self.query_in_context else tokens.shape[1] - 1
        read = read_by_gram if gram_form_applies(applied, sources) else read_by_tokens
        return -read(applied, tokens, sources, target_entries(self.embedding, inputs, outputs))

    def _applied(self) -> list[Stretch[BatchedLayer]]:
        """All layers in their order; the first and the last are alone."""
        applied, count = [Stretch(self.first)], 1
        for others in cycle(self.others):
            if count == self.depth:
                break
            applied.append(others)
            count += others.count
        return applied

    def embed(self, batch: EpisodeColumns) -> Columns:
        """The tokens before the first layer; the query's target is hidden."""
        query = batch.inputs[-1]
        guess = jnp.zeros_like(batch.targets[-1]) if self.initial_weights is None else -self.initial_weights @ query
        targets = batch.targets.at[-1].set(guess)
        tokens = _LAYOUTS[self.token_layout](batch.inputs, targets)
        encoding = positional_encoding(self.positional, tokens.shape[0], self.positional_size)[:, :, None]
        encodings = jnp.broadcast_to(jnp.asarray(encoding, tokens.dtype), (*encoding.shape[:2], tokens.shape[2]))
        tokens = jnp.concatenate([tokens, encodings], axis=1).transpose(1, 0, 2)
        return tokens if self.embedding is None else self.embedding(tokens)


def batched(model: Transformer) -> BatchedTransformer:
    """`model` made ready for batches; a differentiable function of its weights."""

    def later(block: Block) -> BatchedLayer:
        return batched_layer(block, model.token_clip, model.layer_norm != "none")

    if is_deep(model.depth):
        others = (*stretches(model.applied[1:-1], later), Stretch(later(model.applied[-1])))
    else:
        own = [Stretch(later(block)) for block in model.blocks]
        others = (*own[1:], own[0])
    return BatchedTransformer(
        batched_layer(model.blocks[0], model.token_clip, model.layer_norm == "before"),
        others,
        model.initial_weights,
        model.depth,
        model.query_in_context,
        model.positional,
        model.positional_size,
        model.token_layout,
        model.embedding and batched_embedding(model.embedding),
    )


def _merged(
    inputs: Float[Array, "examples inputs batch"], targets: Float[Array, "examples outputs batch"]
) -> Float[Array, "tokens channels batch"]:
    return jnp.concatenate([inputs, targets], axis=1)


def _interleaved(
    inputs: Float[Array, "examples inputs batch"], targets: Float[Array, "examples outputs batch"]
) -> Float[Array, "tokens channels batch"]:
    of_inputs = jnp.pad(inputs[:-1], ((0, 0), (0, targets.shape[1]), (0, 0)))
    of_targets = jnp.pad(targets[:-1], ((0, 0), (inputs.shape[1], 0), (0, 0)))
    pairs = jnp.stack([of_inputs, of_targets], axis=1).reshape(-1, *of_inputs.shape[1:])
    return jnp.concatenate([pairs, _merged(inputs[-1:], targets[-1:])])


_LAYOUTS = {"merged": _merged, "interleaved": _interleaved}


def batched_predictions(model: Transformer, batch: EpisodeColumns) -> Float[Array, "outputs batch"]:
    """The model's prediction for every episode."""
    return batched(model)(batch)
