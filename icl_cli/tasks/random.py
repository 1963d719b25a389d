"""Random numbers of training tasks: Threefry-2x32 with 20 rounds, as in JAX, but written out element by element.

Number p of episode i under a key is a function of (key, i, p) alone. One episode and a batch therefore draw the same
numbers, in any memory layout, and XLA fuses the cipher into what consumes it; `jax.random` on a CPU costs several
times more and, for a batch of keys, more than the gradient. Bits are those of `jax.extend.random.threefry_2x32`
(tested), a cipher that passes BigCrush (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2,
3"; there with 13 rounds already).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
KEY_PARITY = 0x1BD11BDA
GROUPS_OF_ROUNDS = 5


def threefry(
    key: UInt32[Array, "2"], first: UInt32[Array, "*shape"], second: UInt32[Array, "*shape"]
) -> tuple[UInt32[Array, "*shape"], UInt32[Array, "*shape"]]:
    """The cipher: two words of random bits for each pair of counter words, elementwise."""
    subkeys = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(KEY_PARITY))
    first, second = first + subkeys[0], second + subkeys[1]
    for group in range(GROUPS_OF_ROUNDS):
        for rotation in ROTATIONS[group % 2]:
            first = first + second
            second = first ^ ((second << rotation) | (second >> (32 - rotation)))
        first = first + subkeys[(group + 1) % 3]
        second = second + subkeys[(group + 2) % 3] + jnp.uint32(group + 1)
    return first, second


def episode_bits(key: PRNGKeyArray, episode: UInt32[Array, ""], count: int) -> UInt32[Array, " count"]:
    """The first `count` random words of one episode."""
    positions = jax.lax.iota(jnp.uint32, (count + 1) // 2)
    words = threefry(jax.random.key_data(key), jnp.broadcast_to(episode, positions.shape), positions)
    return jnp.concatenate(words)[:count]


def batch_bits(key: PRNGKeyArray, episodes: UInt32[Array, " batch"], count: int) -> UInt32[Array, "count batch"]:
    """`episode_bits` of many episodes, one a column."""
    shape = ((count + 1) // 2, episodes.size)
    positions = jax.lax.broadcasted_iota(jnp.uint32, shape, 0)
    words = threefry(jax.random.key_data(key), jnp.broadcast_to(episodes, shape), positions)
    return jnp.concatenate(words)[:count]


def uniform(bits: UInt32[Array, "*shape"], half_width: float) -> Float[Array, "*shape"]:
    """U(-half_width, half_width) on 2²³ equally spaced numbers, symmetric about 0, ends excluded."""
    return half_width * _symmetric_unit(bits)


def uniform_integers(bits: UInt32[Array, "*shape"], count: int) -> UInt32[Array, "*shape"]:
    """Whole numbers 0 … count - 1 for `count` ≤ 2²⁴; their chances differ by less than count / 2³² of each other."""
    return bits % jnp.uint32(count)


def normal(bits: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """N(0, 1) by the inverse distribution function; always finite, at most 5.3 in size."""
    return jnp.sqrt(2.0).astype(jnp.float32) * jax.scipy.special.erfinv(_symmetric_unit(bits))


def _symmetric_unit(bits: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """(2k + 1) / 2²³ - 1 for the upper 23 bits k: every step is exact in float32, so no value rounds to ±1."""
    return (2 * (bits >> 9).astype(jnp.float32) + 1) * jnp.float32(2.0**-23) - 1
