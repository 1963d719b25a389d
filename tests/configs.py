"""Configurations under test, from the paper's values and a few choices, and tasks drawn for them."""

from typing import Any

import jax

from icl_cli.config import RunConfig, TaskConfig
from icl_cli.conventions import resolve
from icl_cli.tasks import Episode, sample_episodes

_sample = jax.jit(sample_episodes, static_argnums=(1, 2))


def run_config(choices: dict[str, Any] | None = None, convention: str = "paper-code") -> RunConfig:
    return resolve(convention, choices or {}).config


def over_whole_set(choices: dict[str, Any]) -> dict[str, Any]:
    """`choices` without the batch size, which has no effect where a step takes the whole fixed training set."""
    return {path: value for path, value in choices.items() if path != "training.batch_size"}


def task_config(**choices: Any) -> TaskConfig:
    return run_config({f"task.{name}": value for name, value in choices.items()}).task


def draw_episodes(config: TaskConfig, count: int, seed: int = 0) -> Episode:
    """Compiled as a whole: operation by operation, every new shape takes seconds."""
    return _sample(jax.random.key(seed), config, count)
