"""Baselines and the attention weights that carry them out: pairings are declared, and nothing is guessed from names."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from oracles import regression
from small_runs import Silent, small_config

from icl_cli.baselines import BASELINES, Baseline, Parameters, Problem, get_baseline
from icl_cli.report.comparisons import parameters_text
from icl_cli.store import list_comparisons, list_curves
from icl_cli.sweeps import ComparisonPlan, compare_run, run_experiment
from icl_cli.sweeps.pairings import CONSTRUCTIONS
from icl_cli.tasks import SHIFT_KINDS, Context


class HeavyBall(eqx.Module):
    """Gradient descent with momentum: V ← βV - (η/N) Σ (W x_i - y_i) x_iᵀ, W ← W + V."""

    rate: float
    momentum: float
    steps: int

    def __call__(self, context: Context, query: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """The prediction after all steps."""
        weights = velocity = jnp.zeros((context.targets.shape[1], context.inputs.shape[1]))
        for _ in range(self.steps):
            errors = context.inputs @ weights.T - context.targets
            velocity = self.momentum * velocity - self.rate * errors.T @ context.inputs / len(context.inputs)
            weights = weights + velocity
        return weights @ query


def tune(_problem: Problem) -> Parameters:
    return {"learning_rates": [3.0], "curvature_rates": [0.0], "momentum": [0.5]}


def learner(problem: Problem, parameters: Parameters) -> HeavyBall:
    return HeavyBall(parameters["learning_rates"][0], parameters["momentum"][0], problem.steps)


# With all parameters of GD++ and a name that begins with its name.
HEAVY_BALL = Baseline("gd++-heavy-ball", "gradient descent with momentum", tune, learner, iterative=True)


@pytest.fixture
def heavy_ball(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(BASELINES, HEAVY_BALL.name, HEAVY_BALL)  # type: ignore[arg-type]
    return HEAVY_BALL.name


def test_an_algorithm_without_a_declared_pairing_gets_no_weights_and_nothing_measured_with_them(database, heavy_ball):
    run = run_experiment(database, small_config({}), "small", Silent()).run
    tuned, gd = compare_run(database, run, ComparisonPlan((heavy_ball, "gd")), lambda _: None)
    assert tuned.construction() is None
    assert gd.construction() is not None
    measures = {(point.baseline_id, point.measure) for point in list_comparisons(database, [run.id])}
    assert (tuned.record.id, "cosine") in measures
    assert (gd.record.id, "interpolated_loss") in measures
    assert (tuned.record.id, "interpolated_loss") not in measures
    curves = {(point.kind, point.learner) for point in list_curves(database, [run.id])}
    assert ("roll-out-0.75", "gd") in curves
    assert {kind for kind, learner in curves if heavy_ball in learner} == {f"shift-{kind}" for kind in SHIFT_KINDS}
    assert f"interpolated-{heavy_ball}" not in {learner for _, learner in curves}
    # Its rates are no η/N.
    assert parameters_text(tuned) == "learning_rates 3, curvature_rates 0, momentum 0.5"
    rate = gd.record.parameters["learning_rates"][0] / run.config.task.context_length
    assert parameters_text(gd) == f"η/N {rate:.4g}"


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_a_declared_construction_predicts_what_its_baseline_predicts(name):
    steps = 3
    n, d, outputs = 7, 4, 2
    problem = Problem(
        small_config({}).task.model_copy(update={"input_size": d, "output_size": outputs, "context_length": n}),
        steps,
        None,
        100,
    )
    of_each = {"learning_rates": [0.9, 0.6, 0.4], "curvature_rates": [0.02, 0.03, 0.0]}
    count = steps if name.endswith("per-step") else 1
    parameters = {key: of_each[key][:count] for key in get_baseline(name).symbols}
    x, y, query = regression(0, n, d, outputs)
    context = Context(jnp.asarray(x), jnp.asarray(y))
    predictions = [
        np.asarray(made(context, jnp.asarray(query)))
        for made in (CONSTRUCTIONS[name](problem, parameters), get_baseline(name).learner(problem, parameters))
    ]
    np.testing.assert_allclose(predictions[0], predictions[1], rtol=1e-6)
