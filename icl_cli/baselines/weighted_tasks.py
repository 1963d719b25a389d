"""Tasks with weights: ordinary ones and ones with rare contexts, for learners that the spectral losses do not cover."""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_cli.baselines.baseline import Problem
from icl_cli.baselines.rare_contexts import Contexts, context_eigenvalues, with_rare_contexts
from icl_cli.baselines.spectral import (
    SPECTRUM_PARTS,
    numpy_random,
    tuning_columns,
    tuning_contexts,
    unit_inputs,
)
from icl_cli.config import TaskConfig
from icl_cli.tasks import EpisodeColumns

# Independent samples from whose spread the error of a loss is known, and the rare contexts of a level in each.
SAMPLES, SAMPLE_PARTICLES = 8, 96
# Samples are filled up to multiples of this.
FILLED = 1024
# No sample holds more numbers than this.
MOST_NUMBERS = 2**22
RARE_PART, FIRST_FRESH_PART = SPECTRUM_PARTS + 1, SPECTRUM_PARTS + 2


class WeightedTasks(NamedTuple):
    """Many tasks, the probability that each stands for, and the level of its context (0: ordinary)."""

    columns: EpisodeColumns
    weights: Float[Array, " batch"]
    levels: np.ndarray

    def thinned(self, ordinary: int, rare: int) -> "WeightedTasks":
        """The first so many of the ordinary tasks and of each level of rare ones, standing for all."""
        kept, weights = [], []
        for level in range(int(self.levels.max()) + 1):
            members = np.flatnonzero((self.levels == level) & (np.asarray(self.weights) > 0))
            some = members[: rare if level else ordinary]
            kept.append(some)
            weights.append(np.asarray(self.weights)[some] * (len(members) / max(1, len(some))))
        indices = np.concatenate(kept)
        columns = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf)[..., indices]), self.columns)
        return WeightedTasks(columns, jnp.asarray(np.concatenate(weights), jnp.float32), self.levels[indices])


def weighted_tuning_tasks(problem: Problem) -> WeightedTasks:
    """The tuning tasks, and tasks on the rare contexts of the tuning."""
    contexts = tuning_contexts(problem)
    return _joined(problem, tuning_columns(problem), contexts, numpy_random(problem, RARE_PART))


def fresh_samples(problem: Problem, *, with_rare: bool) -> list[WeightedTasks]:
    """Independent samples of the population that no tuning has seen; the mean over each is unbiased.

    **Arguments**: `with_rare` adds contexts too rare for a plain sample, which takes minutes for inputs of 50 numbers.
    """
    return _fresh_samples(problem.task.model_dump_json(), problem.tuning_tasks, problem.tuning_seed, with_rare)


@lru_cache(maxsize=1)
def _fresh_samples(task: str, tuning_tasks: int, tuning_seed: int, with_rare: bool) -> list[WeightedTasks]:
    config = TaskConfig.model_validate_json(task)
    problem = Problem(config, 1, None, tuning_tasks, tuning_seed)
    most = max(1, MOST_NUMBERS // (config.context_length * config.input_size))
    ordinary = max(1, min(tuning_tasks // 4, most))
    thresholds = tuning_contexts(problem).thresholds if with_rare else ()
    samples = []
    for part in range(FIRST_FRESH_PART, FIRST_FRESH_PART + SAMPLES):
        columns = tuning_columns(problem, part)
        columns = jax.tree.map(lambda leaf: np.asarray(leaf)[..., :ordinary], columns)
        if not with_rare:
            equal = jnp.full(ordinary, 1 / ordinary, jnp.float32)
            samples.append(WeightedTasks(jax.tree.map(jnp.asarray, columns), equal, np.zeros(ordinary, int)))
            continue
        random = numpy_random(problem, part)
        particles = min(SAMPLE_PARTICLES, most)
        contexts = with_rare_contexts(
            random, [unit_inputs(problem, columns)], particles=particles, thresholds=thresholds
        )
        samples.append(_joined(problem, columns, contexts, random))
    return samples


def _joined(
    problem: Problem, ordinary: EpisodeColumns, contexts: Contexts, random: np.random.Generator
) -> WeightedTasks:
    """`ordinary` tasks below the first threshold, and one task on every rare context."""
    largest = context_eigenvalues(unit_inputs(problem, ordinary))[:, -1]
    below = np.flatnonzero(largest <= (contexts.thresholds[0] if contexts.thresholds else np.inf))
    rare = _tasks_on(problem.task, contexts.rare_inputs, random)
    share = (1 - contexts.rare_weights.sum()) / max(1, len(below))
    weights = np.concatenate([np.full(len(below), share), contexts.rare_weights])
    levels = np.concatenate([np.zeros(len(below), int), contexts.levels[contexts.levels > 0]])
    # Nearly all samples then have one size and are served by one compiled program: tasks without weight fill them up.
    fill = (0, -len(weights) % FILLED)

    def joined(usual: Array, others: np.ndarray) -> Array:
        both = np.concatenate([np.asarray(usual)[..., below], others], axis=-1)
        return jnp.asarray(np.pad(both, (*[(0, 0)] * (both.ndim - 1), fill), mode="wrap"), jnp.float32)

    columns = EpisodeColumns(joined(ordinary.inputs, rare[0]), joined(ordinary.targets, rare[1]))
    return WeightedTasks(columns, jnp.asarray(np.pad(weights, fill), jnp.float32), np.pad(levels, fill))


def _tasks_on(task: TaskConfig, contexts: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Inputs and targets, batch last, of a new teacher, query and noise for each of these contexts of a linear task."""
    count = len(contexts)
    query = random.uniform(-1, 1, (count, 1, task.input_size))
    inputs = task.input_half_width * np.concatenate([contexts, query], axis=1)
    teacher = task.teacher_scale * random.standard_normal((count, task.input_size, task.output_size))
    targets = inputs @ teacher
    targets += task.label_noise * random.standard_normal(targets.shape)
    return [np.moveaxis(part, 0, -1) for part in (inputs, targets)]
