"""The roll-out of a GD layer is damped GD, step by step, and diverges exactly where theory says."""

import jax
import numpy as np
import pytest
from configs import draw_episodes, task_config

from icl_cli.analysis import roll_out
from icl_cli.constructions import gd_plus_plus_transformer, gradient_descent_transformer
from icl_cli.tasks import Episode

RATE = 6.06


def damped_gd_losses(episodes: Episode, rate: float, steps: int) -> np.ndarray:
    """½ |ŷ - y|² of W ← W - rate / N · gradient, in float64: (steps + 1, tasks)."""
    inputs, targets = (np.asarray(part, np.float64) for part in (episodes.context.inputs, episodes.context.targets))
    query, target = (np.asarray(part, np.float64) for part in (episodes.query, episodes.target))
    weights = np.zeros((len(inputs), targets.shape[2], inputs.shape[2]))
    losses = []
    for _ in range(steps + 1):
        losses.append(0.5 * np.sum((np.einsum("toi,ti->to", weights, query) - target) ** 2, axis=1))
        errors = np.einsum("toi,tni->tno", weights, inputs) - targets
        weights = weights - rate / inputs.shape[1] * np.einsum("tno,tni->toi", errors, inputs)
    return np.array(losses)


@pytest.mark.parametrize("damping", [1.0, 0.75, 0.3])
@pytest.mark.parametrize("outputs", [1, 2])
def test_the_construction_rolled_out_is_damped_gradient_descent(damping, outputs):
    episodes = draw_episodes(task_config(output_size=outputs), 200)
    model = gradient_descent_transformer([RATE], 10, outputs, 10)
    measured = roll_out(model, episodes, "half-squared-error", damping, 12)
    expected = damped_gd_losses(episodes, damping * RATE, 12)
    np.testing.assert_allclose([m.value for m in measured], expected.mean(axis=1), rtol=1e-3)


def test_only_the_targets_move_so_the_curvature_correction_is_never_applied():
    episodes = draw_episodes(task_config(), 100)
    plain, corrected = (
        roll_out(model, episodes, "half-squared-error", 0.75, 5)
        for model in (
            gradient_descent_transformer([RATE], 10, 1, 10),
            gd_plus_plus_transformer([RATE], [0.2], 10, 1, 10),
        )
    )
    np.testing.assert_allclose([p.value for p in plain], [c.value for c in corrected], rtol=1e-5)


def test_a_task_diverges_exactly_if_damping_times_rate_times_its_largest_eigenvalue_exceeds_two():
    episodes = draw_episodes(task_config(), 60)
    inputs = np.asarray(episodes.context.inputs, np.float64)
    largest = np.linalg.eigvalsh(inputs.transpose(0, 2, 1) @ inputs)[:, -1]
    damping = 2 / (RATE / 10) / np.median(largest)
    model = gradient_descent_transformer([RATE], 10, 1, 10)
    for index in np.flatnonzero(np.abs(largest / np.median(largest) - 1) > 0.05)[:20]:
        pair = jax.tree.map(lambda leaf, i=index: leaf[np.array([i, i])], episodes)
        start, *_, end = (step.value for step in roll_out(model, pair, "half-squared-error", damping, 400))
        diverged = not end < 100 * start
        assert diverged == (largest[index] > np.median(largest)), largest[index]
