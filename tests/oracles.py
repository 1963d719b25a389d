"""What the theory says, in plain NumPy and float64: nothing here comes from the package."""

from collections.abc import Sequence

import numpy as np

Matrix = np.ndarray


def gradient_descent_weights(x: Matrix, y: Matrix, rates: Sequence[float], start: Matrix) -> Matrix:
    """W after W ← W - η/N Σ_i (W x_i - y_i) x_iᵀ for each η; examples are rows of `x` and `y`."""
    weights = start
    for rate in rates:
        gradient = sum(np.outer(weights @ x_i - y_i, x_i) for x_i, y_i in zip(x, y, strict=True))
        weights = weights - rate / len(x) * gradient
    return weights


def gd_plus_plus_tokens(
    x: Matrix, y: Matrix, query: Matrix, rates: Sequence[float], curvature_rates: Sequence[float], clip: float = np.inf
) -> tuple[Matrix, Matrix]:
    """Inputs and residuals of all tokens, the query (x, 0) last, after GD++ steps (Appendix A.10).

    With ΔW = (η/N) Σ_i y_i x_iᵀ of the current tokens, at the same time y_j ← y_j - ΔW x_j and x_j ← (I - γ X Xᵀ) x_j.
    """
    inputs, residuals = np.vstack([x, query]), np.vstack([y, np.zeros(y.shape[1])])
    for rate, curvature in zip(rates, curvature_rates, strict=True):
        change = rate / len(x) * residuals[:-1].T @ inputs[:-1]
        transform = np.eye(x.shape[1]) - curvature * inputs[:-1].T @ inputs[:-1]
        residuals, inputs = residuals - inputs @ change.T, inputs @ transform.T
        residuals, inputs = np.clip(residuals, -clip, clip), np.clip(inputs, -clip, clip)
    return inputs, residuals


def ridge_prediction(x: Matrix, y: Matrix, query: Matrix, penalty: float) -> Matrix:
    return y.T @ x @ np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), query)


def regression(seed: int, n: int, d: int, outputs: int, half_width: float = 1.0) -> tuple[Matrix, Matrix, Matrix]:
    """Inputs, targets and query of one noise-free task."""
    random = np.random.default_rng(seed)
    x = random.uniform(-half_width, half_width, size=(n + 1, d))
    y = x @ random.normal(size=(d, outputs))
    return x[:-1], y[:-1], x[-1]
