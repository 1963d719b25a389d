"""The transformer of the paper: layers over tokens, stacked or recurrent, read out at the query's y-entry.

Written for one episode; batch it with `jax.vmap`.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PRNGKeyArray

from icl_cli.config import LayerNormPlacement, PositionalEncoding, RunConfig, TokenLayout
from icl_cli.models.block import Block, initial_block
from icl_cli.models.embedding import Embedding, initial_embedding, target_entries
from icl_cli.models.layers_in_turn import Stretch, is_deep, mapped_over, stretches
from icl_cli.models.positions import positional_encoding
from icl_cli.tasks.episode import Context
from icl_cli.tasks.tokens import TOKEN_LAYOUTS, read_prediction

# Layers are at most 256, so no layer's key is that of the embedding, which is then the same for all kinds of layers.
EMBEDDING = 256


class Transformer(eqx.Module):
    """A learner: (context, query) → prediction.

    **Fields**: `blocks` with weights of their own; `depth` K, how many are applied, in turn (recurrent: one block K
    times); `initial_weights` W₀ of the query token (x, -W₀ x), None for 0; `token_clip` bounds every token entry
    after each layer; `token_layout` says how examples become tokens; `embedding` of tokens before the first layer, None
    for tokens as they are.
    """

    blocks: tuple[Block, ...]
    depth: int = eqx.field(static=True)
    layer_norm: LayerNormPlacement = eqx.field(static=True, default="none")
    token_clip: float | None = eqx.field(static=True, default=None)
    query_in_context: bool = eqx.field(static=True, default=False)
    positional: PositionalEncoding = eqx.field(static=True, default="none")
    positional_size: int = eqx.field(static=True, default=0)
    token_layout: TokenLayout = eqx.field(static=True, default="merged")
    initial_weights: Float[Array, "outputs inputs"] | None = None
    embedding: Embedding | None = None

    def __call__(self, context: Context, query: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """The prediction for `query` from the examples in `context`."""
        tokens = self.layer(self.embed(context, query), 0)
        for stretch in self.later_layers:
            tokens = stretch.apply(self._apply, tokens)
        return self.read(tokens, query.shape[0], context.targets.shape[1])

    @property
    def applied(self) -> tuple[Block, ...]:
        """The block of every layer, in the order in which they are applied."""
        return tuple(self.blocks[index % len(self.blocks)] for index in range(self.depth))

    @property
    def later_layers(self) -> tuple[Stretch[Block], ...]:
        """The layers after the first, which alone may go without its norm; in loops where they are many."""
        later = self.applied[1:]
        return stretches(later) if is_deep(self.depth) else tuple(map(Stretch, later))

    def embed(self, context: Context, query: Float[Array, " inputs"]) -> Float[Array, "tokens channels"]:
        """The tokens before the first layer."""
        tokens = TOKEN_LAYOUTS[self.token_layout](context, query, self.initial_weights)
        encoding = positional_encoding(self.positional, tokens.shape[0], self.positional_size)
        tokens = jnp.concatenate([tokens, jnp.asarray(encoding, tokens.dtype)], axis=1)
        return tokens if self.embedding is None else self.embedding(tokens)

    def read(self, tokens: Float[Array, "tokens channels"], inputs: int, outputs: int) -> Float[Array, " outputs"]:
        """The prediction that the query token holds, before or after any layer."""
        return read_prediction(tokens, target_entries(self.embedding, inputs, outputs).start, outputs)

    def layer(self, tokens: Float[Array, "tokens channels"], index: int) -> Float[Array, "tokens channels"]:
        """The tokens after the layer applied at `index` = 0 … K - 1."""
        return self._apply(self.blocks[index % len(self.blocks)], tokens, self._normalises(index))

    def attention_weights(
        self, tokens: Float[Array, "tokens channels"], index: int
    ) -> Float[Array, "heads tokens sources"]:
        """How much each of the `tokens` before the layer at `index` takes from each source in it."""
        return self._weights(self.blocks[index % len(self.blocks)], tokens, self._normalises(index))

    def later_attention_weights(
        self, stretch: Stretch[Block], tokens: Float[Array, "tokens channels"]
    ) -> tuple[Float[Array, "tokens channels"], Float[Array, "layers heads tokens sources"]]:
        """The tokens after a stretch of `later_layers`, and the attention weights of each of its layers."""

        def step(block: Block, tokens: Array) -> tuple[Array, Array]:
            return self._apply(block, tokens), self._weights(block, tokens)

        return stretch.scan(step, tokens)

    def _apply(
        self, block: Block, tokens: Float[Array, "tokens channels"], normalise: bool = True
    ) -> Float[Array, "tokens channels"]:
        tokens = block(tokens, self._sources(tokens), normalise)
        return tokens if self.token_clip is None else jnp.clip(tokens, -self.token_clip, self.token_clip)

    def _weights(
        self, block: Block, tokens: Float[Array, "tokens channels"], normalise: bool = True
    ) -> Float[Array, "heads tokens sources"]:
        seen = block.seen(tokens, normalise)
        return block.attention.weights(seen, seen[: self._sources(tokens)])

    def _sources(self, tokens: Float[Array, "tokens channels"]) -> int:
        """How many tokens, from the first, serve as keys and values."""
        return tokens.shape[0] if self.query_in_context else tokens.shape[0] - 1

    def _normalises(self, index: int) -> bool:
        """Whether the layer at `index` uses its norm, if it has one."""
        return self.layer_norm == "before" or index > 0


def initial_transformer(key: PRNGKeyArray, config: RunConfig) -> Transformer:
    """A transformer with the random initial weights of `config`."""
    model = config.model
    return Transformer(
        blocks=_initial_blocks(jax.random.split(key, model.distinct_layers), config),
        depth=model.layers,
        layer_norm=model.layer_norm,
        token_clip=model.token_clip,
        query_in_context=model.query_in_context,
        positional=model.positional_encoding,
        positional_size=model.positional_size,
        token_layout=model.tokens,
        embedding=initial_embedding(jax.random.fold_in(key, EMBEDDING), config),
    )


def _initial_blocks(keys: Key[Array, " layers"], config: RunConfig) -> tuple[Block, ...]:
    """The layers with weights of their own; where they are many, a loop draws those of each kind for all layers."""
    kinds = config.model.attention
    if not is_deep(len(kinds)):
        return tuple(initial_block(key, kind, config) for key, kind in zip(keys, kinds, strict=True))
    layers = {
        kind: mapped_over(keys, lambda key, kind=kind: initial_block(key, kind, config))
        for kind in dict.fromkeys(kinds)
    }
    return tuple(layers[kind][index] for index, kind in enumerate(kinds))


def transformer_skeleton(config: RunConfig) -> Transformer:
    """The transformer of `config` with shapes in place of weights: what stored weights must fit."""
    return eqx.filter_eval_shape(lambda: initial_transformer(jax.random.key(0), config))
