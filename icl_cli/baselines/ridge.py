"""Least squares and ridge regression on the context: the solutions that iterative learners approach."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.baselines.baseline import Baseline, Parameters, ParameterSymbol, Problem, marked
from icl_cli.baselines.sampled import by_moments, sampled_penalty
from icl_cli.baselines.search import line_search
from icl_cli.baselines.spectral import tuning_spectrum
from icl_cli.config import TaskConfig
from icl_cli.tasks import Context
from icl_cli.tasks.linear import linear_moments

# Singular values below this fraction of the largest are float32 noise of a rank-deficient context.
RANK_TOLERANCE = 1e-6

# Where the search begins, in units of the mean eigenvalue of X Xᵀ.
SMALLEST_PENALTY, LARGEST_PENALTY = 1e-8, 1e3


class Ridge(eqx.Module):
    """ŷ = Y Xᵀ (X Xᵀ + α I)⁻¹ x with penalty α ≥ 0; for α = 0 the least-squares solution of smallest norm.

    By the singular values of X, because float32 cannot afford to square its condition number.
    """

    penalty: Float[Array, ""]

    def __call__(self, context: Context, query: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """The prediction for `query`."""
        left, singular_values, right = jnp.linalg.svd(context.inputs, full_matrices=False)
        kept = singular_values > RANK_TOLERANCE * singular_values[0]
        gains = jnp.where(kept, singular_values / (jnp.where(kept, singular_values, 1.0) ** 2 + self.penalty), 0.0)
        return context.targets.T @ (left @ (gains * (right @ query)))


def bayes_learner(task: TaskConfig) -> Ridge:
    """The posterior mean of the teacher given the context: no learner has a lower expected squared error.

    For teachers N(0, ω²) and label noise N(0, τ²) it is ridge regression with the penalty τ² / ω², whatever the law of
    the inputs. Raises `UsageError` for a task that is not linear.
    """
    moments = linear_moments(task)
    return Ridge(jnp.asarray(moments.noise_variance / moments.teacher_variance, jnp.float32))


def _no_parameters(_problem: Problem) -> Parameters:
    return {}


def _least_squares(_problem: Problem, _parameters: Parameters) -> Ridge:
    return Ridge(jnp.zeros(()))


def _ridge(_problem: Problem, parameters: Parameters) -> Ridge:
    return Ridge(jnp.asarray(parameters["penalty"][0], jnp.float32))


def _tune_penalty(problem: Problem) -> Parameters:
    """The penalty by line search. Its population optimum is label noise variance over teacher variance."""
    if problem.task.label_noise == 0:
        # The loss falls down to the penalty 0, which no search on a logarithmic scale reaches.
        return {"penalty": [0.0]}
    with jax.enable_x64(True):
        # The residual α / (λ + α) is at most 1: rare contexts do not count.
        spectrum = tuning_spectrum(problem, levels=0)
        found = line_search(
            lambda penalty: spectrum.gain(spectrum.eigenvalues / (spectrum.eigenvalues + penalty)),
            SMALLEST_PENALTY,
            LARGEST_PENALTY,
        )
    return marked({"penalty": [found.point * spectrum.scale]}, found.at_bound)


def _least_squares_tail(problem: Problem) -> float:
    """The tail index of the loss of least squares on linear tasks: (|N - d| + 1) / 2 with label noise, else infinite.

    The noise ε enters its prediction as ε X⁺ x, as large as one over the smallest singular value s of X. Wherever the
    inputs have a density, X is close to losing rank with P(s < t) ~ t^(|N - d| + 1), and the loss grows as s⁻². So with
    N = d, and N = d ± 1, its mean is infinite (Gaussian inputs: E tr (X Xᵀ)⁻¹ = d / (N - d - 1) for N > d + 1).
    """
    task = problem.task
    if task.kind != "linear" or task.label_noise == 0:
        return math.inf
    return (abs(task.context_length - task.input_size) + 1) / 2


LEAST_SQUARES = Baseline(
    "least-squares",
    "least squares of smallest norm",
    _no_parameters,
    _least_squares,
    iterative=False,
    loss_tail_index=_least_squares_tail,
)
RIDGE = Baseline(
    "ridge",
    "ridge regression, tuned penalty",
    by_moments(_tune_penalty, sampled_penalty),
    _ridge,
    iterative=False,
    symbols={"penalty": ParameterSymbol("α")},
    procedure=2,
)
