import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import over_whole_set, run_config

from icl_cli.baselines import Problem
from icl_cli.baselines.spectral import tuning_episodes
from icl_cli.config import RunConfig
from icl_cli.tasks import EpisodeColumns, held_out_columns, held_out_episodes, training_columns

SMALL = {"training.batch_size": 64, "evaluation.tasks": 500, "task.context_length": 3, "task.input_size": 4}
NEW_TASKS = run_config(SMALL)
FIXED_TASKS = run_config(over_whole_set(SMALL) | {"task.dataset_size": 50})
SAMPLED_TASKS = run_config(SMALL | {"task.dataset_size": 50})

_columns = jax.jit(training_columns, static_argnums=0)
_held_out = jax.jit(held_out_columns, static_argnums=0)
_held_out_episodes = jax.jit(held_out_episodes, static_argnums=0)


def batch(config: RunConfig, step: int, seed: int = 0) -> EpisodeColumns:
    return _columns(config, jnp.int32(seed), jnp.int32(step))


def rows(columns: EpisodeColumns) -> np.ndarray:
    """Every episode as one row of numbers."""
    parts = [np.moveaxis(part, -1, 0) for part in (columns.inputs, columns.targets)]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def queries(columns: EpisodeColumns) -> np.ndarray:
    return np.asarray(columns.inputs[-1]).T


def test_training_batch_is_a_function_of_seed_and_step():
    np.testing.assert_array_equal(rows(batch(NEW_TASKS, 4, seed=2)), rows(batch(NEW_TASKS, 4, seed=2)))
    assert rows(batch(NEW_TASKS, 4)).shape == (64, 4 * 4 + 4)


def test_training_batch_does_not_depend_on_the_configured_seed_or_evaluation():
    other = run_config(SMALL | {"seed": 9, "evaluation.seed": 7, "evaluation.tasks": 30})
    np.testing.assert_array_equal(rows(batch(NEW_TASKS, 3)), rows(batch(other, 3)))


@pytest.mark.parametrize("seed", [0, 5])
def test_fixed_data_set_is_the_same_at_every_step_and_has_its_size(seed):
    first = batch(FIXED_TASKS, 0, seed)
    assert rows(first).shape[0] == np.unique(queries(first), axis=0).shape[0] == 50
    for step in (1, 17, 4999):
        np.testing.assert_array_equal(rows(batch(FIXED_TASKS, step, seed)), rows(first))


def test_batches_of_a_fixed_data_set_are_drawn_from_its_tasks_uniformly_and_anew_at_every_step():
    whole = {tuple(row): number for number, row in enumerate(queries(batch(FIXED_TASKS, 0, seed=2)))}
    drawn = [[whole[tuple(row)] for row in queries(batch(SAMPLED_TASKS, step, seed=2))] for step in range(100)]
    assert all(len(numbers) == 64 for numbers in drawn)
    assert drawn[0] != drawn[1]
    assert drawn[1] == [whole[tuple(row)] for row in queries(batch(SAMPLED_TASKS, 1, seed=2))]
    # 6,400 draws of 50 tasks: χ² with 49 degrees of freedom stays below 86 in 99.9% of cases.
    counts = np.bincount(np.concatenate(drawn), minlength=50)
    assert np.sum((counts - 128) ** 2 / 128) < 86


def test_a_batch_of_a_fixed_data_set_may_be_larger_than_the_set():
    large = run_config(SMALL | {"task.dataset_size": 3})
    assert len(np.unique(queries(batch(large, 0)), axis=0)) == 3 < len(queries(batch(large, 0)))


def test_no_two_purposes_share_an_episode():
    """Training of several seeds and steps, fixed data sets, held-out tasks of several seeds and tuning tasks."""
    drawn = [queries(batch(NEW_TASKS, step, seed)) for seed in (0, 1, 2) for step in (0, 1, 2, 1000)]
    drawn += [queries(batch(FIXED_TASKS, 0, seed)) for seed in (0, 1)]
    drawn += [queries(_held_out(run_config(SMALL | {"evaluation.seed": seed}))) for seed in (0, 1)]
    tuning = jax.jit(tuning_episodes, static_argnums=(0, 1))
    drawn += [np.asarray(tuning(Problem(NEW_TASKS.task, 1, None, 300), part).query) for part in (0, 1)]
    together = np.concatenate(drawn)
    assert len(np.unique(together, axis=0)) == len(together)


def test_held_out_tasks_are_the_same_for_all_training_seeds():
    np.testing.assert_array_equal(
        rows(_held_out(NEW_TASKS)), rows(_held_out(run_config(SMALL | {"seed": 3, "model.layers": 2})))
    )


def test_held_out_tasks_are_the_same_in_both_layouts():
    episodes, columns = _held_out_episodes(NEW_TASKS), _held_out(NEW_TASKS)
    assert episodes.query.shape == (500, 4)
    np.testing.assert_array_equal(episodes.query, queries(columns))
    np.testing.assert_array_equal(episodes.context.inputs, columns.episodes.context.inputs)
    np.testing.assert_allclose(episodes.target, columns.episodes.target, atol=1e-6)
