import json
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config
from oracles import regression
from tuned import episodes, problem, squared_errors, tune

from icl_cli.baselines import BASELINES, Learner, Problem, get_baseline
from icl_cli.errors import UsageError
from icl_cli.tasks import Context

N, D, OUTPUTS = 8, 4, 2
PROBLEM = problem(
    steps=2, tuning_tasks=1000, context_length=N, input_size=D, output_size=OUTPUTS, label_noise=0.2, teacher_scale=1.5
)

every_baseline = pytest.mark.parametrize("name", BASELINES)


def learner(name: str, problem: Problem = PROBLEM) -> Learner:
    return BASELINES[name].learner(problem, tune(name, problem))


def prediction(learner: Learner, x: np.ndarray, y: np.ndarray, query: np.ndarray) -> np.ndarray:
    return np.asarray(eqx.filter_jit(learner)(Context(jnp.asarray(x), jnp.asarray(y)), jnp.asarray(query)))


@pytest.mark.usefixtures("float64")
@every_baseline
def test_prediction_is_linear_in_the_targets(name):
    x, y, query = regression(0, N, D, OUTPUTS)
    other = regression(1, N, D, OUTPUTS)[1]
    first, second, both = (prediction(learner(name), x, targets, query) for targets in (y, other, 2 * y - 3 * other))
    np.testing.assert_allclose(both, 2 * first - 3 * second, rtol=1e-11)


@pytest.mark.usefixtures("float64")
@every_baseline
def test_order_of_the_context_does_not_matter(name):
    x, y, query = regression(2, N, D, OUTPUTS)
    order = np.random.default_rng(0).permutation(N)
    shuffled = prediction(learner(name), x[order], y[order], query)
    np.testing.assert_allclose(shuffled, prediction(learner(name), x, y, query), rtol=1e-11)


@pytest.mark.usefixtures("float64")
@every_baseline
def test_outputs_are_learned_independently(name):
    x, y, query = regression(3, N, D, OUTPUTS)
    single = [prediction(learner(name), x, y[:, [k]], query)[0] for k in range(OUTPUTS)]
    np.testing.assert_allclose(prediction(learner(name), x, y, query), single, rtol=1e-11)


@every_baseline
def test_degenerate_contexts_give_finite_predictions(name):
    y = np.ones((N, OUTPUTS), np.float32)
    for x in (np.zeros((N, D)), np.ones((N, D)), np.eye(N, D), np.full((N, D), 1e-12)):
        assert np.isfinite(prediction(learner(name), x.astype(np.float32), y, np.ones(D, np.float32))).all()


@every_baseline
def test_tuning_is_deterministic_and_gives_plain_numbers(name):
    found = BASELINES[name].tune(PROBLEM)
    assert found == tune(name, PROBLEM)
    assert json.loads(json.dumps(dict(found))) == found


@every_baseline
def test_no_other_parameters_do_better_on_new_tasks(name):
    """Loss differences to perturbed parameters, task by task, are not below zero by more than four standard errors."""
    found = tune(name, PROBLEM)
    tasks = episodes(PROBLEM, 20_000)
    tuned_errors = squared_errors(learner(name), tasks)
    random = np.random.default_rng(0)
    for size in (0.02, 0.05, 0.2, 0.2, 0.5, 0.5):
        for sign in (1, -1):
            other = {
                key: [value * (1 + sign * size * random.uniform(0.3, 1)) for value in values]
                for key, values in found.items()
            }
            differences = squared_errors(BASELINES[name].learner(PROBLEM, other), tasks) - tuned_errors
            assert differences.mean() >= -4 * differences.std() / np.sqrt(differences.size)


@every_baseline
def test_key_of_the_tuned_parameters_holds_all_that_they_depend_on(name):
    baseline = BASELINES[name]
    base = baseline.depends_on(PROBLEM)
    assert json.loads(json.dumps(base)) == base
    others = [
        replace(PROBLEM, task=PROBLEM.task.model_copy(update={"label_noise": 0.7})),
        replace(PROBLEM, task=PROBLEM.task.model_copy(update={"context_length": 9})),
        replace(PROBLEM, tuning_tasks=999),
        replace(PROBLEM, tuning_seed=1),
    ]
    assert all(baseline.depends_on(other) != base for other in others)
    for other in (replace(PROBLEM, steps=5), replace(PROBLEM, token_clip=3.0)):
        assert (baseline.depends_on(other) != base) == baseline.iterative


@pytest.mark.parametrize("name", [name for name, baseline in BASELINES.items() if not baseline.iterative])
def test_baselines_without_steps_ignore_depth_and_clip(name):
    assert BASELINES[name].tune(replace(PROBLEM, steps=4, token_clip=0.1)) == tune(name, PROBLEM)


@every_baseline
def test_names(name):
    assert get_baseline(name).name == name
    assert get_baseline(name).summary


def test_unknown_baseline_is_refused_with_all_names():
    with pytest.raises(UsageError, match=r"'gdd'\. Did you mean 'gd'\?") as caught:
        get_baseline("gdd")
    assert all(name in str(caught.value) for name in BASELINES)


def test_problem_of_a_run_is_its_task_depth_and_clip():
    config = run_config({"model.layers": 4, "task.dataset_size": 128, "task.input_size": 3})
    found = Problem.of_run(config)
    assert (found.steps, found.token_clip) == (4, 10.0)
    assert found.task == config.task.model_copy(update={"dataset_size": None})
    assert jax.tree.leaves(found) == [found]


def test_keys_of_tuned_parameters_are_those_of_older_releases():
    """Values added later do not make every database tune anew."""
    assert not {"amplitude_low", "amplitude_high", "phase_draw"} & BASELINES["gd"].depends_on(PROBLEM)["task"].keys()


def test_another_procedure_of_tuning_makes_another_key():
    """Parameters that an older release tuned differently are not taken for these."""
    ridge = BASELINES["ridge"]
    assert ridge.depends_on(PROBLEM) != replace(ridge, procedure=ridge.procedure + 1).depends_on(PROBLEM)
    assert "procedure" not in replace(ridge, procedure=1).depends_on(PROBLEM)
    assert all(BASELINES[name].procedure == 2 for name in BASELINES if name != "least-squares")
