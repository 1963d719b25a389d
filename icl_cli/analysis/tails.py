"""Whether a mean over tasks can be trusted, and what stands in its place: median and trimmed mean."""

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from scipy.stats import mstats, norm

from icl_cli.analysis.distribution import median_estimate
from icl_cli.analysis.estimate import Estimate
from icl_cli.heavy_tails import (
    LARGEST,
    LARGEST_SHARE,
    MEDIAN,
    OF_LOSSES,
    ORDER_OF_VARIANCE,
    TAIL_INDEX,
    TRIMMED_MEAN,
    TRIMMED_SHARE,
    WITH_MEDIAN,
)

# Hill's estimate needs some values, also of few tasks.
FEWEST_LARGEST = 10
# A sample's tail counts as heavy if the whole one-sided interval of 95% of its index is below this: the error of a mean
# of n values then falls slower than n^(-1/3). An index between this and 2 is no proof: samples of bounded losses, as of
# deep models with a token clip, have it too.
HEAVY_INDEX, CONFIDENCE = 1.5, 0.95
# One task in a hundred makes half of the sum: then the mean is theirs.
DOMINANT_SHARE = 0.5


def hill_estimate(values: Float[np.ndarray, " tasks"]) -> Estimate:
    """The tail index of positive values by Hill's estimate, from the k largest, 1% of them and ten at least:

        1 / mean(log x_i - log x_0),   standard error: that over √k,

    x_i the k largest and x_0 the next. NaN for fewer than 11 values, or where x_0 is not positive.

    Reference: Hill (1975), A simple general approach to inference about the tail of a distribution.
    """
    count = max(FEWEST_LARGEST, int(LARGEST * values.size))
    largest = np.sort(values)[-count - 1 :]
    if values.size <= count or largest[0] <= 0 or not np.isfinite(largest[-1]):
        return Estimate(math.nan, math.nan)
    excess = float(np.mean(np.log(largest[1:] / largest[0])))
    index = 1 / excess if excess > 0 else math.inf
    return Estimate(index, index / math.sqrt(count))


def largest_share(values: Float[np.ndarray, " tasks"]) -> float:
    """The share of the largest 1%, at least of one value, in the sum of values that are not negative."""
    count = max(1, int(LARGEST * values.size))
    total = float(values.sum())
    return float(np.sort(values)[-count:].sum()) / total if total > 0 else 0.0


def is_heavy(values: Float[np.ndarray, " tasks"]) -> bool:
    """Whether a sample of losses looks as if it had hardly a mean, or is decided by a few tasks."""
    if not np.isfinite(values).all():
        return False
    index = hill_estimate(values)
    highest = index.value + float(norm.ppf(CONFIDENCE)) * index.standard_error
    is_dominated = LARGEST * values.size >= 1 and largest_share(values) > DOMINANT_SHARE
    return highest < HEAVY_INDEX or is_dominated


def trimmed_mean(values: Float[np.ndarray, " tasks"]) -> Estimate:
    """The mean without the smallest and the largest tenth, and its standard error by the winsorised variance."""
    limits = (TRIMMED_SHARE, TRIMMED_SHARE)
    return Estimate(
        float(mstats.trimmed_mean(values, limits=limits)), float(mstats.trimmed_stde(values, limits=limits))
    )


def robust_measures(values: Mapping[str, Float[np.ndarray, " tasks"]], heavy: bool) -> dict[str, Estimate]:
    """Medians of the losses among `values`; where one of them is heavy-tailed, of all that grows with predictions.

    Then also trimmed means of the losses.
    """
    medians = {f"{name}{MEDIAN}": median_estimate(values[name]) for name in (WITH_MEDIAN if heavy else OF_LOSSES)}
    trimmed = {f"{name}{TRIMMED_MEAN}": trimmed_mean(values[name]) for name in (OF_LOSSES if heavy else ())}
    return medians | trimmed


def tail_measures(name: str, values: Float[np.ndarray, " tasks"], known_index: float) -> dict[str, Estimate]:
    """What says that the loss `name` is heavy-tailed, by theory or else by the sample; nothing if it is not.

    **Arguments**: `known_index` is the tail index by theory, infinite if nothing is known against any moment.
    """
    if known_index <= ORDER_OF_VARIANCE:
        index = Estimate(known_index, 0.0)
    elif is_heavy(values):
        index = hill_estimate(values)
    else:
        return {}
    return {f"{name}{TAIL_INDEX}": index, f"{name}{LARGEST_SHARE}": Estimate(largest_share(values), math.nan)}
