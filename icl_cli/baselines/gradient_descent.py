"""Plain gradient descent on the context, as many steps as the model has layers (Eq. 3)."""

import jax
import jax.numpy as jnp
import numpy as np

from icl_cli.baselines.baseline import Baseline, Parameters, ParameterSymbol, Problem, marked
from icl_cli.baselines.descent import Descent
from icl_cli.baselines.episodes import refine_where_clipped
from icl_cli.baselines.sampled import by_moments, sampled_rates
from icl_cli.baselines.search import LineMinimum, gradient_search, line_search
from icl_cli.baselines.spectral import Spectrum, descent_fit, one_step_rate, tuning_spectrum


def _learner(problem: Problem, parameters: Parameters) -> Descent:
    rates = jnp.broadcast_to(jnp.asarray(parameters["learning_rates"], jnp.float32), (problem.steps,))
    return Descent(rates, jnp.zeros(problem.steps), problem.token_clip)


def _gain(spectrum: Spectrum, rates: jax.Array) -> jax.Array:
    return spectrum.gain(descent_fit(spectrum.eigenvalues, rates, jnp.zeros_like(rates)))


def _tune_one_rate(problem: Problem) -> Parameters:
    """One η for all steps: in closed form for one step, by line search otherwise."""
    rate = LineMinimum(one_step_rate(problem.task), False) if problem.steps == 1 else _search_one_rate(problem)
    found = {"learning_rates": [rate.point * problem.task.context_length]}
    return marked(refine_where_clipped(problem, [found], _learner), rate.at_bound)


def _search_one_rate(problem: Problem) -> LineMinimum:
    """The best a = η/N of several steps with one rate, by line search."""
    with jax.enable_x64(True):
        spectrum = tuning_spectrum(problem)
        found = line_search(lambda rate: _gain(spectrum, jnp.full(problem.steps, rate)), 1e-4, 10.0)
    return found._replace(point=found.point / spectrum.scale)


def _tune_rate_per_step(problem: Problem) -> Parameters:
    """η_1 … η_K by BFGS. Equal rates are a saddle, since GD's loss is symmetric in them: start from spread ones."""
    with jax.enable_x64(True):
        spectrum = tuning_spectrum(problem)
        # In units of the best rate of one step, so that all searched numbers are of order one.
        unit = one_step_rate(problem.task) * spectrum.scale
        starts = [np.geomspace(1 / spread, spread, problem.steps) for spread in (1.5, 3.0)]
        best = gradient_search(lambda rates: _gain(spectrum, rates * unit) / unit, starts)[0]
    # The order changes nothing in exact arithmetic. Small rates first tame the large eigenvalues before the large rates
    # amplify them: the residuals then stay clear of the token clip and of float32's limits.
    rates = np.sort(best) * one_step_rate(problem.task) * problem.task.context_length
    return refine_where_clipped(problem, [{"learning_rates": rates.tolist()}], _learner)


SYMBOLS = {"learning_rates": ParameterSymbol("η/N", over_context=True)}


def _sampled_rate(problem: Problem) -> Parameters:
    return sampled_rates(problem, [{"learning_rates": [1.0]}], _learner)


def _sampled_rate_per_step(problem: Problem) -> Parameters:
    spreads = [np.geomspace(1 / spread, spread, problem.steps).tolist() for spread in (1.5, 3.0)]
    return sampled_rates(problem, [{"learning_rates": rates} for rates in spreads], _learner)


GD = Baseline(
    "gd",
    "gradient descent, one learning rate for all steps",
    by_moments(_tune_one_rate, _sampled_rate),
    _learner,
    iterative=True,
    symbols=SYMBOLS,
    procedure=2,
)
GD_PER_STEP = Baseline(
    "gd-per-step",
    "gradient descent, a learning rate for each step",
    by_moments(_tune_rate_per_step, _sampled_rate_per_step),
    _learner,
    iterative=True,
    symbols=SYMBOLS,
    procedure=2,
)
