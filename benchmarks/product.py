"""The product's training, behind the interface of the plain one."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from icl_cli.config import RunConfig
from icl_cli.training.chunks import AXIS
from icl_cli.training.devices import Devices, on_all, training_devices
from icl_cli.training.loop import LONGEST_CALL, compiled_loop
from icl_cli.training.state import TrainingState, initial_state


def make_steps(config: RunConfig, devices: Devices | None = None) -> Callable[[int], TrainingState]:
    """A function that takes so many steps and returns the state when it is computed; `devices` share every batch.

    It raises `RuntimeError` where training diverges, for then fewer steps are taken than were asked for.
    """
    devices = devices or training_devices()
    advance, seed = compiled_loop(config, devices), jnp.uint32(config.seed)
    # Where the loop leaves it, so that the second call need not be compiled anew.
    state = on_all(initial_state(config), Mesh(devices, (AXIS,)))

    def steps(count: int) -> TrainingState:
        nonlocal state
        asked = int(state.step) + count
        while count > 0:
            part = min(count, LONGEST_CALL)
            state, _ = advance(state, seed, jnp.int32(part))
            count -= part
        if int(state.step) != asked:
            raise RuntimeError(f"The training diverged at step {int(state.step)}, so its time would mean nothing.")
        return jax.block_until_ready(state)

    return steps
