"""Alignment against plain NumPy: for learners linear in the query the sensitivity is a matrix that NumPy knows."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, task_config

from icl_cli.analysis import alignment
from icl_cli.baselines import Descent
from icl_cli.tasks import Episode


def gd_model(episode_inputs: np.ndarray, targets: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """W after `steps` of gradient descent from 0."""
    weights = np.zeros((targets.shape[1], episode_inputs.shape[1]))
    for _ in range(steps):
        errors = episode_inputs @ weights.T - targets
        weights = weights - rate / len(episode_inputs) * errors.T @ episode_inputs
    return weights


def learned_models(episodes: Episode, rate: float, steps: int) -> np.ndarray:
    inputs, targets = (np.asarray(part, np.float64) for part in (episodes.context.inputs, episodes.context.targets))
    return np.stack([gd_model(x, y, rate, steps) for x, y in zip(inputs, targets, strict=True)])


@pytest.mark.parametrize(("context", "inputs", "outputs"), [(10, 10, 1), (7, 4, 3)])
def test_every_measure_equals_numpy(context, inputs, outputs):
    task = task_config(context_length=context, input_size=inputs, output_size=outputs)
    episodes = draw_episodes(task, 300)
    model, baseline = (Descent(jnp.full(steps, rate), jnp.zeros(steps)) for rate, steps in ((4.0, 2), (6.0, 1)))
    measured = alignment(model, baseline, episodes, "half-squared-error")

    first, second = learned_models(episodes, 4.0, 2), learned_models(episodes, 6.0, 1)
    query, target = (np.asarray(part, np.float64) for part in (episodes.query, episodes.target))
    predictions = [np.einsum("toi,ti->to", models, query) for models in (first, second)]
    losses = [0.5 * np.sum((p - target) ** 2, axis=1) for p in predictions]
    norms = [np.linalg.norm(models, axis=(1, 2)) for models in (first, second)]
    expected = {
        "model_loss": losses[0],
        "baseline_loss": losses[1],
        "loss_difference": losses[0] - losses[1],
        "prediction_difference": np.linalg.norm(predictions[0] - predictions[1], axis=1),
        "cosine": np.sum(first * second, axis=(1, 2)) / (norms[0] * norms[1]),
        "model_difference": np.linalg.norm(first - second, axis=(1, 2)),
    }
    assert measured.keys() == expected.keys()
    for name, values in expected.items():
        assert measured[name].value == pytest.approx(values.mean(), rel=1e-4, abs=1e-6), name
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert measured[name].standard_error == pytest.approx(error, rel=1e-3, abs=1e-6), name


def test_a_learner_agrees_with_itself_and_opposes_its_negative():
    episodes = draw_episodes(task_config(), 200)
    learner, negative = (Descent(jnp.array([rate]), jnp.zeros(1)) for rate in (6.0, -6.0))
    same = alignment(learner, learner, episodes, "squared-error")
    assert same["cosine"].value == pytest.approx(1, abs=1e-6)
    for measure in ("loss_difference", "model_difference", "prediction_difference"):
        assert same[measure].value == pytest.approx(0, abs=1e-6), measure
    assert alignment(learner, negative, episodes, "squared-error")["cosine"].value == pytest.approx(-1, abs=1e-6)


def test_the_cosine_to_a_learner_without_sensitivity_is_undefined():
    episodes = draw_episodes(task_config(), 50)
    nothing, learner = (Descent(jnp.array([rate]), jnp.zeros(1)) for rate in (0.0, 6.0))
    assert np.isnan(alignment(nothing, learner, episodes, "squared-error")["cosine"].value)
    assert np.isnan(alignment(nothing, nothing, episodes, "squared-error")["cosine"].value)


def test_one_task_without_sensitivity_counts_as_not_aligned():
    episodes = draw_episodes(task_config(), 50)
    flat = eqx.tree_at(lambda e: e.context.targets, episodes, episodes.context.targets.at[7].set(0.0))
    learner = Descent(jnp.array([6.0]), jnp.zeros(1))
    assert alignment(learner, learner, flat, "squared-error")["cosine"].value == pytest.approx(49 / 50, abs=1e-6)


def test_a_learner_that_is_not_a_number_has_no_measure():
    episodes = draw_episodes(task_config(), 50)
    broken, learner = (Descent(jnp.array([rate]), jnp.zeros(1)) for rate in (np.nan, 6.0))
    measures = alignment(broken, learner, episodes, "squared-error")
    assert all(np.isnan(measures[name].value) for name in measures if name != "baseline_loss")


def test_tiny_sensitivities_have_a_direction():
    episodes = draw_episodes(task_config(), 50)
    tiny, learner = (Descent(jnp.array([rate]), jnp.zeros(1)) for rate in (6e-25, 6.0))
    assert alignment(tiny, learner, episodes, "squared-error")["cosine"].value == pytest.approx(1, abs=1e-6)
