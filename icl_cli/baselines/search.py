"""The two searches by which baselines are tuned: a line search of one number, and BFGS for several."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree
from scipy.optimize import minimize, minimize_scalar

# Stands for every loss that overflows; large, but its square is still a float64.
LARGEST = 1e100
# No parameter of a line search is sought beyond these.
NARROWEST, WIDEST = 1e-30, 1e30


class LineMinimum(NamedTuple):
    """Where a line search ended, and whether that is the end of all numbers that it tried."""

    point: float
    at_bound: bool


def line_search(
    loss: Callable[[Float[Array, ""]], Float[Array, ""]], low: float, high: float, candidates: int = 60
) -> LineMinimum:
    """The minimiser of `loss` > 0: the best of a logarithmic grid from `low` to `high`, then Brent's method beside it.

    The grid guards against the plateaus and overflows that rates far too large produce. Where its best point is an
    end, the grid moves on beyond that end until a minimum lies within, at most to `NARROWEST` or `WIDEST`.
    """
    compiled, on_grid = jax.jit(loss), jax.jit(jax.vmap(loss))
    while True:
        grid = np.geomspace(low, high, candidates)
        losses = np.nan_to_num(np.asarray(on_grid(jnp.asarray(grid))), nan=np.inf)
        best = int(np.argmin(losses))
        if 0 < best < candidates - 1:
            break
        end = grid[best]
        if not NARROWEST < end < WIDEST:
            return LineMinimum(float(end), at_bound=True)
        low, high = (max(NARROWEST, low**2 / high), grid[1]) if best == 0 else (grid[-2], min(WIDEST, high**2 / low))
    bounds = (grid[best - 1], grid[best + 1])
    options = {"xatol": 1e-9 * bounds[1]}
    found = minimize_scalar(lambda point: float(compiled(point)), bounds=bounds, method="bounded", options=options)
    return LineMinimum(float(found.x), at_bound=False)


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
