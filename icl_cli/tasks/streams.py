"""Random streams: which key draws what, so that no two purposes ever share a task.

Training tasks belong to a run's seed and step; held-out tasks to the evaluation seed, the same for all runs of a
task, so that every model and baseline is measured on the same ones; tuning tasks are used for nothing else.
"""

from enum import IntEnum

import jax
from jaxtyping import Array, Integer, PRNGKeyArray


class Stream(IntEnum):
    """The purposes of random numbers. The numbers are part of every run's reproducibility: append, never renumber."""

    INITIAL_WEIGHTS = 0
    TRAINING_TASKS = 1
    FIXED_DATASET = 2
    HELD_OUT_TASKS = 3
    TUNING_TASKS = 4
    DATASET_BATCHES = 5


def stream_key(seed: int | Integer[Array, ""], stream: Stream) -> PRNGKeyArray:
    """The key of one purpose under `seed`."""
    return jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), stream)
