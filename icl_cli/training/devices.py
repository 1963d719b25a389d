"""The devices that share a batch: the cores of this process, or one accelerator."""

import contextlib
import os
from typing import Any, TypeVar

import equinox as eqx
import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from icl_cli.errors import UsageError

# Of `jax.Device`, which type checkers take for a variable.
Devices = tuple[Any, ...]

# A batch of 2048 is 16 chunks (see `chunks`): more devices would have nothing to do. One device alone is compiled to
# other roundings than several, so there are always two, and a run's bits do not depend on the number of cores.
FEWEST_DEVICES, MOST_DEVICES = 2, 16


def available_cores() -> int:
    """The cores that this process may use, which a container or `taskset` can make fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def use_cores(count: int | None = None) -> None:
    """Let JAX see a CPU device for each available core; call it before anything else uses JAX.

    `count` confines this process to so many of its cores, where the system can do that.
    """
    if count is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    show_cores(available_cores())


def show_cores(count: int) -> None:
    """Let JAX see a CPU device for each of `count` cores, whichever those are; as early as `use_cores`."""
    devices = max(FEWEST_DEVICES, min(count, MOST_DEVICES))
    # A process that has used JAX before, such as a notebook, keeps the devices that it has.
    with contextlib.suppress(RuntimeError):
        jax.config.update("jax_num_cpu_devices", devices)


Tree = TypeVar("Tree")


def on_all(tree: Tree, mesh: Mesh) -> Tree:
    """`tree` with its arrays on all devices of the mesh; those that are there already are not touched.

    `equinox.filter_shard` runs a program for each array, which takes longer than a few training steps.
    """
    arrays, rest = eqx.partition(tree, eqx.is_array)
    return eqx.combine(jax.device_put(arrays, NamedSharding(mesh, PartitionSpec())), rest)


def local_devices() -> Devices:
    """Every device that JAX computes on. Raises `UsageError` if the kind that JAX_PLATFORMS names does not start."""
    try:
        return tuple(jax.local_devices())
    # JAX asserts that a kind without a device is not the only one.
    except (RuntimeError, AssertionError) as error:
        given = getattr(jax.config, "jax_platforms", None)
        if not given:
            raise
        reason = f" ({error})" if str(error) else ""
        raise UsageError(
            f"JAX_PLATFORMS: {given!r} given, but there is no such device, or its driver does not start{reason}. Use "
            "JAX_PLATFORMS=cpu, or unset it for the best there is; `icl doctor` shows what JAX finds."
        ) from error


def training_devices() -> Devices:
    """Every CPU device of this process, or the first accelerator.

    One accelerator is more than a batch needs. Several would cut it differently, and a run's bits must not depend on
    their number.
    """
    devices = local_devices()
    return devices if devices[0].platform == "cpu" else devices[:1]
