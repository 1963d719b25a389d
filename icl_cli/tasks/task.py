"""What a kind of task is: how its episodes are drawn and, where they are known, the moments behind closed forms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import jax
from jaxtyping import Array, PRNGKeyArray, UInt32

from icl_cli.config import TaskConfig
from icl_cli.tasks.episode import Episode, EpisodeColumns, episode_columns
from icl_cli.tasks.shifts import NO_SHIFT, Shift


class DrawEpisode(Protocol):
    """Draws one episode: `key` and the episode's `index` decide every draw, `shift` moves it out of distribution."""

    def __call__(self, key: PRNGKeyArray, index: UInt32[Array, ""], config: TaskConfig, shift: Shift) -> Episode:
        """One context with its query and target."""
        ...


DrawColumns = Callable[[PRNGKeyArray, UInt32[Array, " batch"], TaskConfig], EpisodeColumns]


class LinearMoments(NamedTuple):
    """Moments of the linear task, for closed forms.

    **Fields**: variances of one input, teacher weight and noise entry; `input_kurtosis` is E x⁴ / (E x²)².
    """

    input_variance: float
    teacher_variance: float
    noise_variance: float
    input_kurtosis: float


@dataclass(frozen=True)
class Task:
    """An entry of the registry of tasks.

    **Fields**: `episode` draws one episode. `batch` draws many without shift, the batch as last axis; None: `episode`
    for each, which is as right and slower. `moments` are for tasks y = W x + noise with independent, identically
    distributed entries in x, in W and in the noise; None for every other task, whose baselines are tuned on sampled
    episodes.
    """

    episode: DrawEpisode
    batch: DrawColumns | None = None
    moments: Callable[[TaskConfig], LinearMoments] | None = None

    def columns(self, key: PRNGKeyArray, indices: UInt32[Array, " batch"], config: TaskConfig) -> EpisodeColumns:
        """The episodes with `indices`, without shift and with the batch as last axis."""
        if self.batch is not None:
            return self.batch(key, indices, config)
        return episode_columns(jax.vmap(lambda index: self.episode(key, index, config, NO_SHIFT))(indices))
