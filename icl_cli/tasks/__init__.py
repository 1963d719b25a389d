"""What is to be learned in context: tasks, their shifts out of distribution, and their tokens."""

from icl_cli.tasks.episode import Context, Episode, EpisodeColumns
from icl_cli.tasks.sampling import (
    TASKS,
    held_out_columns,
    held_out_episodes,
    held_out_wave,
    require_moments,
    sample_columns,
    sample_episodes,
    shifted_episodes,
    shifted_held_out,
    task_moments,
    training_columns,
)
from icl_cli.tasks.shifts import NO_SHIFT, SHIFT_KINDS, Shift
from icl_cli.tasks.task import Task

__all__ = [
    "NO_SHIFT",
    "SHIFT_KINDS",
    "TASKS",
    "Context",
    "Episode",
    "EpisodeColumns",
    "Shift",
    "Task",
    "held_out_columns",
    "held_out_episodes",
    "held_out_wave",
    "require_moments",
    "sample_columns",
    "sample_episodes",
    "shifted_episodes",
    "shifted_held_out",
    "task_moments",
    "training_columns",
]
