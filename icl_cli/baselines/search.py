"""The two searches by which baselines are tuned: a line search of one number, and BFGS for several."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree
from scipy.optimize import minimize, minimize_scalar

# Stands for every loss that overflows; large, but its square is still a float64.
LARGEST = 1e100


def line_search(
    loss: Callable[[Float[Array, ""]], Float[Array, ""]], low: float, high: float, candidates: int = 60
) -> float:
    """The minimiser of `loss` in [low, high] > 0: the best of a logarithmic grid, then Brent's method beside it.

    The grid guards against the plateaus and overflows that rates far too large produce.
    """
    compiled = jax.jit(loss)
    grid = np.geomspace(low, high, candidates)
    losses = np.nan_to_num(np.asarray(jax.jit(jax.vmap(loss))(jnp.asarray(grid))), nan=np.inf)
    best = int(np.argmin(losses))
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, candidates - 1)])
    options = {"xatol": 1e-9 * bounds[1]}
    found = minimize_scalar(lambda point: float(compiled(point)), bounds=bounds, method="bounded", options=options)
    return float(found.x)


def gradient_search(
    loss: Callable[..., Float[Array, ""]],
    starts: Sequence[np.ndarray],
    tolerance: float = 1e-9,
    iterations: int = 500,
    data: tuple[PyTree[Array], ...] = (),
) -> list[np.ndarray]:
    """The minimisers of `loss(parameters, *data)` that BFGS with exact gradients finds from `starts`, best first.

    `tolerance` is the largest gradient entry at which a search stops, and `iterations` bounds each search; choose them
    by the precision and the cost of `loss`. Points where the loss overflows count as infinitely bad. What `loss` needs
    of large arrays is `data`: as part of the function, XLA would spend seconds on folding them into it.
    """
    value_and_gradient = jax.jit(jax.value_and_grad(loss))

    def at(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = (np.asarray(part, np.float64) for part in value_and_gradient(point, *data))
        if not (np.isfinite(value) and np.isfinite(gradient).all() and np.abs(gradient).max() < LARGEST):
            return LARGEST, np.zeros_like(point)
        return min(float(value), LARGEST), gradient

    options = {"gtol": tolerance, "maxiter": iterations}
    with np.errstate(all="ignore"):
        searches = [minimize(at, start, jac=True, method="BFGS", options=options) for start in starts]
    return [search.x for search in sorted(searches, key=lambda search: search.fun)]
