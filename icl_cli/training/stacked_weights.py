"""The weights of deep models as a few arrays while they are trained: those of alike layers in one.

Adam does the same with every number, in whichever array it is. Written out for every array of every layer, its update
would take longer to compile than the layers do. Weights are stored, and handed out, layer by layer.
"""

import dataclasses
from collections.abc import Callable

import jax
import optax

from icl_cli.models import Transformer
from icl_cli.models.layers_in_turn import is_deep, stretches


def stacked(weights: Transformer) -> Transformer:
    """`weights`, or a gradient, with stretches in the place of layers; those of shallow models as they are."""
    if not is_deep(len(weights.blocks)):
        return weights
    return dataclasses.replace(weights, blocks=stretches(weights.blocks))


def unstacked(weights: Transformer, layers: int) -> Transformer:
    """The inverse of `stacked`, for a model of so many `layers` with weights of their own."""
    if not is_deep(layers):
        return weights
    return dataclasses.replace(weights, blocks=tuple(layer for stretch in weights.blocks for layer in stretch.layers))  # type: ignore[attr-defined]


def of_moments(function: Callable[[Transformer], Transformer], state: optax.OptState) -> optax.OptState:
    """An optimiser's state with `function` applied to its moments, which are trees like the weights."""

    def is_moment(node: object) -> bool:
        return isinstance(node, Transformer)

    return jax.tree.map(lambda node: function(node) if is_moment(node) else node, state, is_leaf=is_moment)
