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
    return [layer for stretch in _maps_by_stretch(model, context, query) for layer in stretch]


def mean_attention(model: Transformer, episodes: Episode) -> list[Sums]:
    """The means of the maps over episodes, one (heads, tokens, sources) a layer, with their standard errors."""
    stretches = jax.device_get(_mean_attention(model, episodes))
    return [Sums(*layer) for sums in stretches for layer in zip(sums.mean, sums.error, strict=True)]


@eqx.filter_jit
def _mean_attention(model: Transformer, episodes: Episode) -> list[Sums]:
    maps = jax.vmap(lambda episode: _maps_by_stretch(model, episode.context, episode.query))(episodes)
    return [_over_tasks(stretch) for stretch in maps]


def _over_tasks(maps: Float[Array, "tasks layers heads tokens sources"]) -> Sums:
    """The means over tasks; those of a layer alone without the axis of layers, which would change their last bits."""
    if maps.shape[1] > 1:
        return over_tasks(maps)
    mean, error = over_tasks(maps[:, 0])
    return Sums(mean[None], error[None])


def _maps_by_stretch(
    model: Transformer, context: Context, query: Float[Array, " inputs"]
) -> list[Float[Array, "layers heads tokens sources"]]:
    """The maps of the first layer, then those of the layers of every stretch of later ones."""
    tokens = model.embed(context, query)
    maps = [model.attention_weights(tokens, 0)[None]]
    tokens = model.layer(tokens, 0)
    for stretch in model.later_layers:
        tokens, found = model.later_attention_weights(stretch, tokens)
        maps.append(found)
    return maps
