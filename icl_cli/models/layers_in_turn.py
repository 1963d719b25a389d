"""Layers, or steps of an algorithm, one after the other: written out where they are few, as a loop where they are many.

The time to compile a program grows with its length, and XLA's grows faster than that. A loop compiles its body once,
whatever the number of its steps.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Key, PRNGKeyArray, PyTree

Layer = TypeVar("Layer")
State = TypeVar("State", bound=PyTree[Array])
Output = TypeVar("Output", bound=PyTree[Array])

# The deepest program that is written out: the paper's deepest models have 12 layers. A loop rounds otherwise than a
# program that is written out, and a run that is stored under its configuration must be computed to the same bits again.
LONGEST_UNROLLED = 12


def is_deep(count: int) -> bool:
    """Whether so many layers or steps are a loop."""
    return count > LONGEST_UNROLLED


class Stretch(eqx.Module, Generic[Layer]):
    """Layers that follow each other and differ in their numbers alone.

    **Fields**: `layer` is one layer if `same`, which is then applied `count` times; otherwise its arrays have a leading
    axis, over `count` layers.
    """

    layer: Layer
    count: int = eqx.field(static=True, default=1)
    same: bool = eqx.field(static=True, default=True)

    def apply(self, step: Callable[[Layer, State], State], state: State) -> State:
        """`step(layer, state)` of each layer in turn."""
        return self.scan(lambda layer, state: (step(layer, state), ()), state)[0]

    def scan(self, step: Callable[[Layer, State], tuple[State, Output]], state: State) -> tuple[State, Output]:
        """Each layer in turn; what `step` returns beside the state has a leading axis over layers."""
        if self.count == 1 and self.same:
            state, output = step(self.layer, state)
            return state, jax.tree.map(lambda leaf: leaf[None], output)
        arrays, rest = eqx.partition(self.layer, eqx.is_array)

        def body(state: State, own: Any) -> tuple[State, Output]:
            return step(self.layer if self.same else eqx.combine(own, rest), state)

        return jax.lax.scan(body, state, None if self.same else arrays, length=self.count)

    @property
    def layers(self) -> list[Layer]:
        """The single layers, in their order."""
        return [self.layer] * self.count if self.same else unstacked(self.layer)


def stretches(layers: Sequence[Layer], make: Callable[[Layer], Any] = lambda layer: layer) -> tuple[Stretch, ...]:
    """`layers`, each changed by `make`, in as few stretches as follow each other; a layer alone is one too.

    `make` is called once for a stretch: mapped over its layers where these have weights of their own.
    """
    return tuple(_stretch(alike, make) for alike in _neighbours(layers))


def steps_in_turn(step: Callable[[Any, State], State], numbers: PyTree[Array], state: State) -> State:
    """`step(numbers of the step, state)` of every step in turn; `numbers` have a leading axis, over the steps."""
    count = jax.tree.leaves(numbers)[0].shape[0]
    if is_deep(count):
        return jax.lax.scan(lambda state, own: (step(own, state), None), state, numbers)[0]
    for index in range(count):
        state = step(jax.tree.map(lambda leaf: leaf[index], numbers), state)  # noqa: B023
    return state


def mapped_over(keys: Key[Array, " layers"], draw: Callable[[PRNGKeyArray], Layer]) -> list[Layer]:
    """`draw(key)` of every key, by one loop."""
    rest = eqx.filter(draw(keys[0]), eqx.is_array, inverse=True)
    arrays = jax.lax.map(lambda key: eqx.filter(draw(key), eqx.is_array), keys)
    return unstacked(eqx.combine(arrays, rest))


def unstacked(layers: Layer) -> list[Layer]:
    """The single layers of one whose arrays have a leading axis over them."""
    arrays, rest = eqx.partition(layers, eqx.is_array)
    leaves, structure = jax.tree.flatten(arrays)
    return [eqx.combine(jax.tree.unflatten(structure, own), rest) for own in zip(*leaves, strict=True)]


def _stretch(layers: Sequence[Layer], make: Callable[[Layer], Any]) -> Stretch:
    if all(layer is layers[0] for layer in layers):
        return Stretch(make(layers[0]), len(layers))
    arrays = [eqx.filter(layer, eqx.is_array) for layer in layers]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *arrays)
    return Stretch(eqx.filter_vmap(make)(eqx.combine(stacked, layers[0])), len(layers), same=False)


def _neighbours(layers: Sequence[Layer]) -> Iterator[list[Layer]]:
    """Groups of layers that follow each other with the same structure, and with arrays of the same shapes."""
    group: list[Layer] = []
    for layer in layers:
        if group and _structure(layer) != _structure(group[0]):
            yield group
            group = []
        group.append(layer)
    if group:
        yield group


def _structure(layer: Any) -> tuple[Any, list[Any]]:
    arrays, rest = eqx.partition(layer, eqx.is_array)
    shapes = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(arrays)]
    return jax.tree.structure(arrays), [*shapes, *jax.tree.leaves(rest)]
