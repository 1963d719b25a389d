"""What every token attends to, layer by layer and head by head."""

import equinox as eqx
import jax
from jaxtyping import Array, Float

from icl_cli.analysis.estimate import Sums, over_tasks
from icl_cli.models import Transformer
from icl_cli.tasks import Context, Episode


def attention_maps(
    model: Transformer, context: Context, query: Float[Array, " inputs"]
) -> list[Float[Array, "heads tokens sources"]]:
    """The attention weights of every applied layer: a row a token, the query last; for linear attention the logits.

    The sources are the context's tokens, and the query where the model has it in its context.
    """
    tokens, maps = model.embed(context, query), []
    for index in range(model.depth):
        maps.append(model.attention_weights(tokens, index))
        tokens = model.layer(tokens, index)
    return maps


@eqx.filter_jit
def mean_attention(model: Transformer, episodes: Episode) -> list[Sums]:
    """The means of the maps over episodes, one (heads, tokens, sources) a layer, with their standard errors."""
    maps = jax.vmap(lambda episode: attention_maps(model, episode.context, episode.query))(episodes)
    return [over_tasks(layer) for layer in maps]
