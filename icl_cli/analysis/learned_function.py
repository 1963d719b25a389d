"""The function of one context (Figure 4, right): what a model predicts for queries along a line.

Before attention the prediction is what the query's own embedding says; after it, what the model learned in context.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from icl_cli.models import Transformer
from icl_cli.tasks import Context


class LearnedFunction(NamedTuple):
    """Predictions for every query, one number each: read out after the embedding, and after all layers."""

    initial: Float[np.ndarray, " points"]
    final: Float[np.ndarray, " points"]


def learned_function(model: Transformer, context: Context, queries: Float[Array, " points"]) -> LearnedFunction:
    """What `model` makes of `context` at each of `queries`; inputs and targets are one number each."""
    initial, final = _learned_function(model, context, queries)
    return LearnedFunction(np.asarray(initial), np.asarray(final))


@eqx.filter_jit
def _learned_function(
    model: Transformer, context: Context, queries: Float[Array, " points"]
) -> tuple[Float[Array, " points"], Float[Array, " points"]]:
    def at(query: Float[Array, ""]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        initial = model.read(model.embed(context, query[None]), 1, 1)
        return initial[0], model(context, query[None])[0]

    return jax.vmap(at)(queries)
