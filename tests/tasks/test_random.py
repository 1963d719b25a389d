import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import stats

from icl_cli.tasks.random import batch_bits, episode_bits, normal, threefry, uniform

# Counter, key and result of "threefry2x32 20" in kat_vectors of the Random123 distribution (Salmon et al. 2011).
KNOWN_ANSWERS = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]
EXTREME_BITS = jnp.array([0, 1, 511, 512, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 513, 2**32 - 2, 2**32 - 1], jnp.uint32)
DRAWS = 100_000


def words(count: int, seed: int = 0) -> jax.Array:
    return episode_bits(jax.random.key(seed), jnp.uint32(0), count)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_cipher_gives_the_published_answers(counter, key, answer):
    first, second = threefry(jnp.array(key, jnp.uint32), *(jnp.array([word], jnp.uint32) for word in counter))
    assert (int(first[0]), int(second[0])) == answer


@pytest.mark.parametrize("seed", range(5))
def test_cipher_is_that_of_jax(seed):
    random = np.random.default_rng(seed)
    key = jnp.asarray(random.integers(2**32, size=2, dtype=np.uint32))
    counters = jnp.asarray(random.integers(2**32, size=(2, 1000), dtype=np.uint32))
    ours = jnp.concatenate(threefry(key, *counters))
    np.testing.assert_array_equal(ours, threefry_2x32(key, counters.ravel()))


@pytest.mark.parametrize(("batch", "count"), [(1, 1), (3, 8), (7, 13)])
def test_batch_draws_the_numbers_of_each_episode(batch, count):
    key = jax.random.key(3)
    indices = jnp.arange(batch, dtype=jnp.uint32) * 1_000_003
    columns = jax.jit(batch_bits, static_argnums=2)(key, indices, count)
    assert columns.shape == (count, batch)
    one_episode = jax.jit(episode_bits, static_argnums=2)
    for column, index in zip(columns.T, indices, strict=True):
        np.testing.assert_array_equal(column, one_episode(key, index, count))


def test_no_word_is_drawn_twice():
    columns = np.asarray(batch_bits(jax.random.key(0), jnp.arange(300, dtype=jnp.uint32), 31))
    # Among n words of 32 bits chance alone repeats about n² / 2³³.
    assert columns.size - np.unique(columns).size <= 2


def test_uniform_never_reaches_its_ends():
    values = np.asarray(uniform(EXTREME_BITS, 1.0))
    assert np.abs(values).max() == 1 - 2.0**-23
    assert values.min() == -values.max()


@pytest.mark.parametrize("half_width", [0.5, 1.0, 3.7])
def test_uniform_is_symmetric_and_within_its_width(half_width):
    values = np.asarray(uniform(EXTREME_BITS, half_width))
    np.testing.assert_array_equal(values, -np.asarray(uniform(~EXTREME_BITS, half_width)))
    assert np.abs(values).max() <= np.float32(half_width)
    assert np.abs(values).min() > 0


def test_normal_is_finite_for_all_bits():
    values = np.asarray(normal(EXTREME_BITS))
    assert np.isfinite(values).all()
    assert np.abs(values).max() == pytest.approx(stats.norm.isf(2.0**-24), rel=1e-3)


@pytest.mark.parametrize("half_width", [0.5, 2.0])
def test_uniform_has_the_uniform_distribution(half_width):
    values = np.asarray(uniform(words(DRAWS), half_width), np.float64)
    assert stats.kstest(values, stats.uniform(-half_width, 2 * half_width).cdf).pvalue > 1e-3


def test_normal_has_the_normal_distribution():
    values = np.asarray(normal(words(DRAWS)), np.float64)
    assert stats.kstest(values, stats.norm.cdf).pvalue > 1e-3
    standard_errors = np.sqrt(np.array([1, 2, 15, 96]) / DRAWS)
    moments = [np.mean(values**power) for power in range(1, 5)]
    assert (np.abs(np.subtract(moments, [0, 1, 0, 3])) < 5 * standard_errors).all()
