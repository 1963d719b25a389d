"""What every token attends to in one episode, layer by layer and head by head."""

from jaxtyping import Array, Float

from icl_cli.models import Transformer
from icl_cli.tasks import Context


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
