"""GD++: gradient descent that also transforms the inputs, x ← (I - γ X Xᵀ) x, in every step (Appendix A.10)."""

import jax
import jax.numpy as jnp
import numpy as np

from icl_cli.baselines.baseline import Baseline, Parameters, ParameterSymbol, Problem
from icl_cli.baselines.descent import Descent
from icl_cli.baselines.episodes import refine_where_clipped
from icl_cli.baselines.rare_contexts import LEVELS
from icl_cli.baselines.sampled import by_moments, sampled_rates
from icl_cli.baselines.search import gradient_search
from icl_cli.baselines.spectral import Spectrum, descent_fit, one_step_rate, tuning_spectrum

# The optimum for K <= 5 grows about ninefold per step; deeper searches only converge from gentler ramps.
RAMPS = (1.2, 1.5, 2.0, 3.0, 6.0, 9.0)


def _learner(problem: Problem, parameters: Parameters) -> Descent:
    rates = jnp.broadcast_to(jnp.asarray(parameters["learning_rates"], jnp.float32), (problem.steps,))
    curvature = jnp.broadcast_to(jnp.asarray(parameters["curvature_rates"], jnp.float32), (problem.steps,))
    return Descent(rates, curvature, problem.token_clip)


def _tune_one_pair(problem: Problem) -> Parameters:
    """One (η, γ) for all steps, as a recurrent model has."""
    with jax.enable_x64(True):
        spectrum = tuning_spectrum(problem)
        pair = _search_one_pair(spectrum, problem)
    found = _parameters(spectrum, problem, pair[:1], pair[1:])
    return refine_where_clipped(problem, [found], _learner)


def _search_one_pair(spectrum: Spectrum, problem: Problem) -> np.ndarray:
    """The best (a, γ) in units of the mean eigenvalue."""
    steps = problem.steps
    rate = one_step_rate(problem.task) * spectrum.scale
    # The learning rate in units of the best one of a single step, however small the noise makes it.
    unit = np.array([rate, 1.0])

    def gain(relative: jax.Array) -> jax.Array:
        pair = relative * unit
        rates, curvature = jnp.full(steps, pair[0]), jnp.full(steps, pair[1])
        return spectrum.gain(descent_fit(spectrum.eigenvalues, rates, curvature)) / rate

    if steps == 1:
        # The inputs transformed by the last step are never read.
        return np.array([rate, 0.0])
    starts = [np.array([gain, curvature]) for gain in (1.0, 2.0, 4.0) for curvature in (0.05, 0.15)]
    return gradient_search(gain, starts)[0] * unit


def _tune_pair_per_step(problem: Problem) -> Parameters:
    """(η_k, γ_k) for every step, as a model with weights of its own in every layer has; the last γ is never read.

    Near the optimum every step shrinks the spectrum and the next one takes rates a constant factor larger, so the
    searches start from such ramps; from equal pairs BFGS stops at worse optima. With many steps the best of them in
    float64 is beyond float32, in which all learners compute: the tuning episodes choose.

    With four steps or more and without a token clip the loss hangs on contexts too rare for any sample. A clip bounds
    their errors: the best rates then are nearer to those for ordinary contexts, which are candidates too.
    """
    if problem.steps == 1:
        return _tune_one_pair(problem)
    candidates = []
    for levels in (LEVELS,) if problem.token_clip is None else (LEVELS, 0):
        with jax.enable_x64(True):
            spectrum = tuning_spectrum(problem, levels)
            found = _search_pair_per_step(spectrum, problem)
        candidates += [_parameters(spectrum, problem, rates, curvature) for rates, curvature in found]
    return refine_where_clipped(problem, candidates, _learner)


def _parameters(spectrum: Spectrum, problem: Problem, rates: np.ndarray, curvature: np.ndarray) -> Parameters:
    """Rates in units of the mean eigenvalue as parameters."""
    return {
        "learning_rates": (rates / spectrum.scale * problem.task.context_length).tolist(),
        "curvature_rates": (curvature / spectrum.scale).tolist(),
    }


def _search_pair_per_step(spectrum: Spectrum, problem: Problem) -> list[tuple[np.ndarray, np.ndarray]]:
    """Good a_1 … a_K and γ_1 … γ_K in units of the mean eigenvalue, the best one-pair solution last."""
    steps = problem.steps

    def gain(parameters: jax.Array) -> jax.Array:
        curvature = jnp.append(parameters[steps:], 0.0)
        return spectrum.gain(descent_fit(spectrum.eigenvalues, parameters[:steps], curvature))

    ramps = [growth ** np.arange(steps) for growth in RAMPS]
    pair = _search_one_pair(spectrum, problem)
    starts = [np.concatenate([0.28 * ramp, 0.24 * ramp[:-1]]) for ramp in ramps]
    equal = np.repeat(pair, [steps, steps - 1])
    found = gradient_search(gain, [*starts, equal])
    candidates = [(point[:steps], np.append(point[steps:], 0.0)) for point in found]
    return [*candidates, (np.full(steps, pair[0]), np.full(steps, pair[1]))]


SYMBOLS = {"learning_rates": ParameterSymbol("η/N", over_context=True), "curvature_rates": ParameterSymbol("γ")}


def _sampled_pair(problem: Problem) -> Parameters:
    # The inputs transformed by the last step are never read.
    curvatures = (0.05, 0.15) if problem.steps > 1 else (0.0,)
    shapes = [{"learning_rates": [1.0], "curvature_rates": [curvature]} for curvature in curvatures]
    return sampled_rates(problem, shapes, _learner)


def _sampled_pair_per_step(problem: Problem) -> Parameters:
    ramps = [growth ** np.arange(problem.steps) for growth in RAMPS]
    shapes = [
        {"learning_rates": (0.28 * ramp).tolist(), "curvature_rates": [*(0.24 * ramp[:-1]).tolist(), 0.0]}
        for ramp in ramps
    ]
    return sampled_rates(problem, shapes, _learner)


GD_PLUS_PLUS = Baseline(
    "gd++",
    "GD with curvature correction, one (η, γ) for all steps",
    by_moments(_tune_one_pair, _sampled_pair),
    _learner,
    iterative=True,
    symbols=SYMBOLS,
    procedure=2,
)
GD_PLUS_PLUS_PER_STEP = Baseline(
    "gd++-per-step",
    "GD with curvature correction, (η, γ) for each step",
    by_moments(_tune_pair_per_step, _sampled_pair_per_step),
    _learner,
    iterative=True,
    symbols=SYMBOLS,
    procedure=2,
)
