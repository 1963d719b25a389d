"""Losses whose mean over tasks says nothing: which of a comparison's losses they are, from its stored measures.

A loss with tail index a, P(loss > x) ~ x^-a, has moments of order below a alone: no mean for a <= 1, and no variance,
so that no standard error holds, for a <= 2. Beside every mean loss of final weights a comparison has the median; beside
a heavy-tailed one also the tail index, with the standard error 0 where theory knows it, the share that the largest 1%
of the tasks have in the sum, and a trimmed mean.
"""

import math
from collections.abc import Collection, Mapping
from typing import Protocol

MEDIAN, TRIMMED_MEAN = "_median", "_trimmed_mean"
TAIL_INDEX, LARGEST_SHARE = "_tail_index", "_largest_share"
LOSSES = ("model_loss", "baseline_loss")
OF_LOSSES = (*LOSSES, "loss_difference")
# What inherits a heavy tail: all that grows with a prediction. A cosine is bounded.
WITH_MEDIAN = (*OF_LOSSES, "prediction_difference", "model_difference")

# Moments of order below the tail index exist: the mean has order 1, the variance 2.
ORDER_OF_MEAN, ORDER_OF_VARIANCE = 1.0, 2.0
# What is left of the tasks after so large a share of the smallest and of the largest losses is a trimmed mean over.
TRIMMED_SHARE = 0.1
LARGEST = 0.01

# Of comparisons that older releases measured only mean and standard error are known. Losses of the paper's models and
# baselines deviate by up to 11 means, those of least squares at N = d by 30 and more: of few tasks the limit is 10
# means, of many a standard error of a fifth of the mean.
LARGEST_DEVIATION, LARGEST_ERROR = 10.0, 0.2


class Measured(Protocol):
    """A stored measure: a mean over so many tasks with its standard error."""

    @property
    def value(self) -> float:
        """The mean."""
        ...

    @property
    def standard_error(self) -> float | None:
        """Of the mean; None if unknown."""
        ...

    @property
    def tasks(self) -> int:
        """How many tasks the mean is over."""
        ...


def heavy_tailed(measures: Mapping[str, Measured]) -> list[str]:
    """Which of `LOSSES` are heavy-tailed, of the measures of one run at one step against one baseline."""
    return [name for name in LOSSES if name in measures and _is_heavy(measures, name)]


def told_by_medians(measures: Mapping[str, Measured], names: Collection[str]) -> dict[str, str]:
    """By which stored measure each of `names` is told: by its median where a loss is heavy-tailed and it has one."""
    heavy = bool(heavy_tailed(measures))
    return {
        name: f"{name}{MEDIAN}" if heavy and name in WITH_MEDIAN and f"{name}{MEDIAN}" in measures else name
        for name in names
    }


def _is_heavy(measures: Mapping[str, Measured], name: str) -> bool:
    if f"{name}{MEDIAN}" in measures:
        return f"{name}{TAIL_INDEX}" in measures
    loss = measures[name]
    if loss.standard_error is None or not math.isfinite(loss.value):
        return False
    limit = max(LARGEST_ERROR, LARGEST_DEVIATION / math.sqrt(loss.tasks))
    return loss.standard_error > limit * abs(loss.value)
