"""The held-out loss of a model, chunk by chunk on all devices."""

from collections.abc import Callable
from functools import lru_cache, partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float, Int

from icl_cli.config import RunConfig
from icl_cli.models import BatchedTransformer, Transformer, batched
from icl_cli.tasks import EpisodeColumns, held_out_columns
from icl_cli.training.chunks import AXIS, cut, map_chunks, map_own_chunks
from icl_cli.training.devices import Devices, on_all
from icl_cli.training.loss import episode_losses

Evaluate = Callable[[Transformer], tuple[Float[Array, ""], Float[Array, ""]]]


def held_out_evaluation(config: RunConfig, devices: Devices) -> Evaluate:
    """A function of a model: its mean loss on the held-out tasks of `config`, and the Monte-Carlo standard error.

    The tasks are drawn once for all seeds of a configuration.
    """
    return _held_out_evaluation(config.model_copy(update={"seed": 0}).to_json(), devices)


@lru_cache(maxsize=2)
def _held_out_evaluation(config_json: str, devices: Devices) -> Evaluate:
    config = RunConfig.from_json(config_json)
    chunks = cut(config, config.evaluation.tasks, devices)
    mesh = Mesh(devices, (AXIS,))
    sharded = partial(jax.shard_map, mesh=mesh, check_vma=False)

    own, everywhere = PartitionSpec(AXIS), PartitionSpec()

    def draw() -> EpisodeColumns:
        return map_own_chunks(lambda chunk: held_out_columns(config, chunks.indices(chunk)), chunks)

    tasks = jax.jit(sharded(draw, in_specs=(), out_specs=own))()

    @eqx.filter_jit
    def evaluate(model: Transformer) -> tuple[Float[Array, ""], Float[Array, ""]]:
        ready, rest = eqx.partition(batched(model), eqx.is_inexact_array)

        def losses(ready: BatchedTransformer, tasks: EpisodeColumns) -> Float[Array, "chunks batch"]:
            model = eqx.combine(ready, rest)

            def of_chunk(_: Int[Array, ""], episodes: EpisodeColumns) -> Float[Array, " batch"]:
                return episode_losses(model, episodes, config.training.loss)

            return map_chunks(of_chunk, chunks, tasks)

        found = sharded(losses, in_specs=(everywhere, own), out_specs=everywhere)(ready, tasks)
        found = found.ravel()[: chunks.episodes]
        return jnp.mean(found), jnp.std(found, ddof=1) / jnp.sqrt(found.size)

    return lambda model: evaluate(on_all(model, mesh))
