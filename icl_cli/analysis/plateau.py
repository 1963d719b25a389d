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

    The level is the median loss over the steps before the onset, and the onset follows from the level: the search
    starts at the largest loss and repeats until both agree, so that a high start does not count as the plateau. Losses
    that are not finite are left out.

    Raises `ValueError` if no loss is finite.
    """
    values = np.asarray(losses, float)
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("no loss is finite, so there is no plateau to find")
    at = np.asarray(steps, float)[finite]
    smooth = np.asarray(median_filter(values[finite], size=SMOOTHED_POINTS, mode="nearest"))
    # A point counts for as many steps as it stands for: recording steps are denser early in training.
    weights = np.gradient(at) if at.size > 1 else np.ones(1)
    late = at >= at[-1] - FINAL_SHARE * (at[-1] - at[0])
    final = _median(smooth[late], weights[late])
    level, first = _level(smooth, weights, final)
    if final > LEFT_BELOW * level:
        return Plateau(_median(smooth, weights), None, final)
    return Plateau(level, int(at[first]), final)


def _level(
    smooth: Float[np.ndarray, " points"], weights: Float[np.ndarray, " points"], final: float
) -> tuple[float, int]:
    """The level, and the index of the first point below the middle; of the largest if no point is."""
    highest = int(np.argmax(smooth))
    level, first = float(smooth[highest]), highest
    while True:
        # A test loss that rises before it falls also lies below the middle at its start; that is no onset.
        below = highest + np.flatnonzero(smooth[highest:] < math.sqrt(level * final))
        if below.size == 0 or below[0] == first:
            return level, first
        first = int(below[0])
        # It only falls, so that the onset only moves on and the search ends.
        level = min(level, _median(smooth[:first], weights[:first]))


def _median(values: Float[np.ndarray, " points"], weights: Float[np.ndarray, " points"]) -> float:
    """The value at which half of the weight is reached."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
