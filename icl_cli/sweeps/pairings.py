"""Which baselines attention can carry out, and with what weights: the only place where the two are paired.

A baseline that is not listed has no construction. Its predictions are compared with a model's, but no weights lie
between it and the model, and it has no layer that could be applied again and again.
"""

from collections.abc import Callable, Mapping, Sequence

from icl_cli.baselines import Parameters, Problem
from icl_cli.baselines.gd_plus_plus import GD_PLUS_PLUS, GD_PLUS_PLUS_PER_STEP
from icl_cli.baselines.gradient_descent import GD, GD_PER_STEP
from icl_cli.constructions import gd_plus_plus_transformer
from icl_cli.models import Transformer

BuildConstruction = Callable[[Problem, Parameters], Transformer]


def _gradient_descent(problem: Problem, parameters: Parameters) -> Transformer:
    """The layers of Proposition 1, as products the same as GD++ without its correction."""
    return _gd_plus_plus(problem, {**parameters, "curvature_rates": [0.0]})


def _gd_plus_plus(problem: Problem, parameters: Parameters) -> Transformer:
    """The layers of Appendix A.10."""
    rates, curvature = (_every_step(parameters[name], problem.steps) for name in ("learning_rates", "curvature_rates"))
    task = problem.task
    return gd_plus_plus_transformer(rates, curvature, task.input_size, task.output_size, task.context_length)


CONSTRUCTIONS: Mapping[str, BuildConstruction] = {
    GD.name: _gradient_descent,
    GD_PER_STEP.name: _gradient_descent,
    GD_PLUS_PLUS.name: _gd_plus_plus,
    GD_PLUS_PLUS_PER_STEP.name: _gd_plus_plus,
}


def _every_step(values: Sequence[float], steps: int) -> list[float]:
    return list(values) * steps if len(values) == 1 else list(values)
