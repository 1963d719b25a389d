"""A batch in chunks: each small enough for a core's cache, shared out to all devices, put together in a fixed order.

What a chunk yields does not depend on the number of devices, nor does the order in which chunks are summed. So neither
do the results, to the last bit, between devices of one kind, from two on: for one alone XLA makes another program.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, PyTree, UInt32

from icl_cli.config import RunConfig
from icl_cli.training.devices import Devices

Result = TypeVar("Result", bound=PyTree[Array])

AXIS = "devices"
# 128 episodes are eight vectors of AVX-512; tokens of half a megabyte leave room for more in the L2 cache.
LARGEST_CHUNK = 128
SMALLEST_CHUNK = 32
TOKEN_BYTES = 2**19


class Chunks(NamedTuple):
    """How `episodes` are cut: `number` chunks of `size`, a multiple of `devices`; those past the end do not count."""

    episodes: int
    size: int
    number: int
    devices: int

    @property
    def per_device(self) -> int:
        """Chunks that each device works through."""
        return self.number // self.devices

    @property
    def counted(self) -> int:
        """Chunks with at least one episode that counts."""
        return -(-self.episodes // self.size)

    def indices(self, chunk: Int[Array, ""]) -> UInt32[Array, " batch"]:
        """The episodes of a chunk."""
        return (chunk * self.size + jnp.arange(self.size)).astype(jnp.uint32)

    def counts(self, chunk: Int[Array, ""]) -> Bool[Array, " batch"]:
        """Which of them are not past the end."""
        return self.indices(chunk) < self.episodes


def cut(config: RunConfig, episodes: int, devices: Devices) -> Chunks:
    """The chunks of `episodes` of a run: cache-sized on a CPU, one for each device elsewhere."""
    size = _cache_sized(config) if devices[0].platform == "cpu" else -(-episodes // len(devices))
    size = min(size, episodes)
    per_device = -(-episodes // (size * len(devices)))
    return Chunks(episodes, size, per_device * len(devices), len(devices))


def _cache_sized(config: RunConfig) -> int:
    size = LARGEST_CHUNK
    while size > SMALLEST_CHUNK and 4 * size * config.token_count * config.token_size > TOKEN_BYTES:
        size //= 2
    return size


def map_chunks(function: Callable[..., Result], chunks: Chunks, *data: Any) -> Result:
    """`function(chunk, *data of the chunk)` of all chunks that count, along a leading axis, on every device.

    Call it under `jax.shard_map` over `AXIS`. `data` is what `map_own_chunks` returned.
    """
    own = map_own_chunks(function, chunks, *data)
    gathered = jax.tree.map(lambda leaf: jax.lax.all_gather(leaf, AXIS, tiled=True), own)
    return jax.tree.map(lambda leaf: leaf[: chunks.counted], gathered)


def map_own_chunks(function: Callable[..., Result], chunks: Chunks, *data: Any) -> Result:
    """`map_chunks` of this device's chunks only, which stay where they are."""
    first = jax.lax.axis_index(AXIS) * chunks.per_device

    def one(chunk: Int[Array, ""]) -> Result:
        return function(chunk, *jax.tree.map(lambda leaf: leaf[chunk - first], data))

    def store(chunk: Int[Array, ""], results: Result) -> Result:
        return jax.tree.map(lambda all_of_it, new: all_of_it.at[chunk - first].set(new), results, one(chunk))

    shapes = jax.eval_shape(one, first)
    empty = jax.tree.map(lambda leaf: jnp.zeros((chunks.per_device, *leaf.shape), leaf.dtype), shapes)
    return jax.lax.fori_loop(first, first + chunks.per_device, store, empty)
