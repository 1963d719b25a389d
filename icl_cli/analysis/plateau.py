"""How long training stays on a plateau before the loss falls (Figures 5 and 15, Appendix A.11)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.ndimage import median_filter

# A running median of so many points takes out single outliers and leaves a monotone curve as it is.
SMOOTHED_POINTS = 5
# The final level is that of the last tenth of all steps.
FINAL_SHARE = 0.1
# A loss that ends above this fraction of its plateau has not left it: noise and slow drift fall by less.
LEFT_BELOW = 0.9


class Plateau(NamedTuple):
    """A loss curve's plateau and its end.

    **Fields**: `level` of the plateau; `onset`, the first recorded step at which the loss lies below the geometric
    mean of `level` and `final`, None if it never leaves; `final` level.
    """

    level: float
    onset: int | None
    final: float


def find_plateau(steps: Sequence[int], losses: Sequence[float]) -> Plateau:
    """The plateau of a curve of positive losses at increasing steps.

    The level is the median loss before the one change that fits the curve best, as two constants of log loss by least
    squares; every point counts for as many steps as it stands for, because recording steps are denser early. So a high
    start does not count as the plateau, nor does a low one of a loss that first rises. Losses that are not finite are
    left out.

    Raises `ValueError` if no loss is finite.
    """
    values = np.asarray(losses, float)
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("no loss is finite, so there is no plateau to find")
    at = np.asarray(steps, float)[finite]
    smooth = np.asarray(median_filter(values[finite], size=SMOOTHED_POINTS, mode="nearest"))
    weights = np.gradient(at) if at.size > 1 else np.ones(1)
    late = at >= at[-1] - FINAL_SHARE * (at[-1] - at[0])
    final = _median(smooth[late], weights[late])
    change = _change(np.log(smooth), weights)
    level = _median(smooth[:change], weights[:change])
    if final > LEFT_BELOW * level:
        return Plateau(_median(smooth, weights), None, final)
    above = smooth >= math.sqrt(level * final)
    onset = np.flatnonzero(~above & np.maximum.accumulate(above))[0]
    return Plateau(level, int(at[onset]), final)


def _change(values: Float[np.ndarray, " points"], weights: Float[np.ndarray, " points"]) -> int:
    """Where `values` split best into two constants: the index, at least 1, of the first point of the second."""
    if values.size == 1:
        return 1
    before, sums = np.cumsum(weights)[:-1], np.cumsum(weights * values)[:-1]
    after, rest = np.sum(weights) - before, np.sum(weights * values) - sums
    # The squares about two means are least where the means explain most.
    return 1 + int(np.argmax(sums**2 / before + rest**2 / after))


def _median(values: Float[np.ndarray, " points"], weights: Float[np.ndarray, " points"]) -> float:
    """The value at which half of the weight is reached."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
