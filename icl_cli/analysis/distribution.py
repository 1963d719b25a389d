"""Values that come several to a task, as eigenvalues do: their density, their bins, and medians over tasks."""

import math

import numpy as np
from jaxtyping import Float

from icl_cli.analysis.estimate import Estimate


def mean_estimate(values: Float[np.ndarray, " tasks"]) -> Estimate:
    """The mean over tasks. Infinite if a value is, and then, or of one task, with an error that is NaN."""
    if values.size < 2 or not np.isfinite(values).all():
        return Estimate(float(np.mean(values)), math.nan)
    return Estimate(float(np.mean(values)), float(np.std(values, ddof=1) / math.sqrt(values.size)))


def median_estimate(values: Float[np.ndarray, " tasks"]) -> Estimate:
    """The median over tasks; its error is half the distance of the quantiles one standard error of 1/2 away."""
    share = 0.5 / math.sqrt(values.size)
    low, median, high = np.quantile(values, [0.5 - share, 0.5, 0.5 + share], method="inverted_cdf")
    return Estimate(float(median), float((high - low) / 2) if math.isfinite(high) else math.nan)


def densities(values: Float[np.ndarray, "tasks each"], edges: Float[np.ndarray, " edges"]) -> list[Estimate]:
    """The share of values in every bin over its width; errors over tasks, which are independent.

    **Arguments**: `edges` of the bins, increasing; the last bin contains its upper edge. Values outside count to no
    bin, but to the whole.
    """
    inside = np.stack([_inside(values, edges, index) for index in range(edges.size - 1)])
    shares = inside.mean(axis=2)
    return [mean_estimate(share / width) for share, width in zip(shares, np.diff(edges), strict=True)]


def binned_means(
    positions: Float[np.ndarray, "tasks each"],
    values: Float[np.ndarray, "tasks each"],
    edges: Float[np.ndarray, " edges"],
) -> list[tuple[float, Estimate]]:
    """The mean position and the mean value of every bin of positions that holds at least two, in order.

    The errors take the values within a bin for independent.
    """
    bins = [_inside(positions, edges, index) for index in range(edges.size - 1)]
    return [(float(positions[bin].mean()), mean_estimate(values[bin])) for bin in bins if bin.sum() > 1]


def _inside(values: Float[np.ndarray, "tasks each"], edges: Float[np.ndarray, " edges"], index: int) -> np.ndarray:
    last = index == edges.size - 2
    below = values <= edges[index + 1] if last else values < edges[index + 1]
    return (values >= edges[index]) & below
