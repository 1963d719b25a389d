"""Arrays of any tree as safetensors bytes, named by their place in it, and back.

Safetensors hold numbers and names only: loading runs no code, and other frameworks open them.
"""

from functools import lru_cache
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from icl_cli.errors import SnapshotError

Tree = TypeVar("Tree")


def named_arrays(tree: object) -> dict[str, np.ndarray]:
    """Every array of `tree` under its dotted path, e.g. `blocks.0.attention.key`."""
    leaves, structure = jax.tree_util.tree_flatten(tree)
    named = zip(_leaf_names(structure), leaves, strict=True)
    return {name: np.asarray(leaf, order="C") for name, leaf in named if eqx.is_array(leaf)}


@lru_cache(maxsize=32)
def _leaf_names(structure: Any) -> tuple[str, ...]:
    numbered = jax.tree_util.tree_unflatten(structure, range(structure.num_leaves))
    return tuple(_name(path) for path, _ in jax.tree_util.tree_leaves_with_path(numbered))


def to_bytes(tree: object) -> bytes:
    """The arrays of `tree` as a safetensors file."""
    return save(named_arrays(tree))


def from_bytes(skeleton: Tree, content: bytes) -> Tree:
    """`skeleton` with its arrays (or `jax.ShapeDtypeStruct`s) replaced by the stored ones.

    Raises `SnapshotError` naming the array that is missing, left over, or of another shape or type.
    """
    dynamic, static = eqx.partition(skeleton, _is_array_like)
    arrays = [jnp.asarray(array) for array in fitting_arrays(dynamic, content).values()]
    return eqx.combine(jax.tree_util.tree_unflatten(jax.tree_util.tree_structure(dynamic), arrays), static)


def fitting_arrays(skeleton: object, content: bytes) -> dict[str, np.ndarray]:
    """The stored arrays by name, in the order of the arrays (or `jax.ShapeDtypeStruct`s) of `skeleton`.

    Raises `SnapshotError` as `from_bytes`.
    """
    stored = _loaded(content)
    leaves = jax.tree_util.tree_leaves_with_path(eqx.filter(skeleton, _is_array_like))
    arrays = {_name(path): _matching(stored, _name(path), leaf) for path, leaf in leaves}
    if left_over := stored.keys() - arrays.keys():
        raise SnapshotError(f"The stored weights have {sorted(left_over)[0]!r}, which the model does not have.")
    return arrays


def _loaded(content: bytes) -> dict[str, np.ndarray]:
    try:
        return load(content)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        # Shapes whose product is no size, and types that NumPy does not have, are found by NumPy.
        text = " ".join(str(error).split())
        raise SnapshotError(f"The stored weights are no safetensors file ({text}).") from error


def _matching(stored: dict[str, np.ndarray], name: str, leaf: jax.Array | jax.ShapeDtypeStruct) -> np.ndarray:
    if name not in stored:
        raise SnapshotError(f"The stored weights lack {name!r}, which the model needs.")
    found = stored[name]
    if found.shape != leaf.shape or found.dtype != leaf.dtype:
        expected = f"{leaf.dtype}{list(leaf.shape)}"
        raise SnapshotError(f"Stored {name!r} is {found.dtype}{list(found.shape)}; the model needs {expected}.")
    return found


def _is_array_like(leaf: object) -> bool:
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def _name(path: tuple) -> str:
    return jax.tree_util.keystr(path, simple=True, separator=".")
