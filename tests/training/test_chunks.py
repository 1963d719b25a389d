from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config
from jax.sharding import Mesh, PartitionSpec

from icl_cli.training.chunks import AXIS, Chunks, cut, map_chunks, map_own_chunks

DEVICES = tuple(jax.local_devices())


def on_devices(function, count: int):
    """What `function` returns on so many devices, the same on all."""
    mesh = Mesh(DEVICES[:count], (AXIS,))
    sharded = jax.shard_map(function, mesh=mesh, in_specs=(), out_specs=PartitionSpec(), check_vma=False)
    return jax.jit(sharded)()


def test_tests_see_several_devices():
    assert len(DEVICES) >= 3


@pytest.mark.parametrize("devices", [1, 2, 3])
@pytest.mark.parametrize(("episodes", "context"), [(1, 10), (100, 10), (128, 10), (129, 3), (2048, 10), (2048, 1000)])
def test_every_episode_counts_once(episodes, context, devices):
    chunks = cut(run_config({"task.context_length": context}), episodes, DEVICES[:devices])
    assert chunks.number % devices == 0
    assert chunks.per_device * devices == chunks.number
    indices = np.concatenate([chunks.indices(jnp.int32(i)) for i in range(chunks.number)])
    counted = np.concatenate([chunks.counts(jnp.int32(i)) for i in range(chunks.number)])
    np.testing.assert_array_equal(indices[counted], np.arange(episodes))
    assert [chunks.counts(jnp.int32(i)).any() for i in range(chunks.number)].count(True) == chunks.counted


def test_long_contexts_make_small_chunks():
    choices = {"training.batch_size": 100, "evaluation.tasks": 100}
    configs = [run_config(choices | {"task.context_length": n}) for n in (10, 100, 100_000)]
    sizes = [cut(config, 2048, DEVICES[:1]).size for config in configs]
    assert sizes[0] > sizes[1] > sizes[2] >= 16


def test_interleaved_tokens_fill_the_cache_as_twice_the_context():
    interleaved = {"model.tokens": "interleaved", "model.positional_encoding": "none", "task.context_length": 60}
    configs = [run_config(choices) for choices in (interleaved, {"task.context_length": 120})]
    assert len({cut(config, 2048, DEVICES[:1]).size for config in configs}) == 1
    assert cut(run_config({"task.context_length": 60}), 2048, DEVICES[:1]).size == 128


@pytest.mark.parametrize(("devices", "size"), [(1, 2048), (2, 1024), (3, 683)])
def test_accelerators_take_their_share_at_once(devices, size):
    chunks = cut(run_config({}), 2048, (SimpleNamespace(platform="gpu"),) * devices)
    assert (chunks.size, chunks.number, chunks.per_device) == (size, devices, 1)


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_every_device_gets_the_results_of_all_chunks_in_order(devices):
    chunks = Chunks(episodes=47, size=8, number=6, devices=devices)
    found = on_devices(lambda: map_chunks(lambda chunk: {"sum": jnp.sum(chunks.indices(chunk))}, chunks), devices)
    np.testing.assert_array_equal(found["sum"], np.arange(48).reshape(6, 8).sum(axis=1))


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_data_of_chunks_are_made_once_and_stay_with_their_chunk(devices):
    chunks = Chunks(episodes=48, size=8, number=6, devices=devices)

    def both() -> jax.Array:
        own = map_own_chunks(lambda chunk: chunks.indices(chunk) * 2, chunks)
        return map_chunks(lambda chunk, data: data + chunk.astype(jnp.uint32), chunks, own)

    expected = np.arange(48).reshape(6, 8) * 2 + np.arange(6)[:, None]
    np.testing.assert_array_equal(on_devices(both, devices), expected)


def test_chunks_past_the_end_are_left_out():
    chunks = Chunks(episodes=17, size=8, number=4, devices=2)
    found = on_devices(lambda: map_chunks(lambda chunk: chunk, chunks), 2)
    np.testing.assert_array_equal(found, [0, 1, 2])
