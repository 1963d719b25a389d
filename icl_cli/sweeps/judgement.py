"""Whether a claim holds: its value, a 95% interval over seeds, and a verdict.

With n seeds whose values have the standard deviation s, and a mean Monte-Carlo standard error m, the half width is

    sqrt( (t_{n-1} s / √n)² + (z m)² ),

Student's t over seeds and the error of the held-out tasks, which all seeds share, so that it does not shrink with n.
What is measured of two learners or runs is subtracted, or divided, seed by seed first. Both come from the same tasks:
what is hard for one is hard for the other, and their errors count as fully correlated, so that a difference has the
difference of the errors. One seed says nothing about others.

Ratios that are positive for all seeds are judged on the logarithmic scale, where 1/2 is as far from 1 as 2 is: the
value is their geometric mean, the interval that of the mean logarithm. Losses whose mean over tasks says nothing are
judged by their medians over tasks, all seeds alike.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from scipy import stats

from icl_cli.analysis import Estimate
from icl_cli.sweeps.absence import absence
from icl_cli.sweeps.claim import ClaimSpec
from icl_cli.sweeps.measures import MEASURES, RunNumbers, is_heavy_tailed, measured

CONFIDENCE = 0.95
# Of "=": a true number should not fail in one of twenty checks.
CONFIDENCE_OF_EQUALITY = 0.99
# Student's t of two seeds is 12.7: what so few leave open, more seeds decide.
TOO_FEW_SEEDS = 2


class Verdict(StrEnum):
    """What the data say of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "not enough data"


Numbers = Mapping[int, RunNumbers]
Statistic = Literal["mean", "geometric mean", "mean of medians", "geometric mean of medians"]
# By whether it is a ratio, and whether medians over tasks stand in place of means.
STATISTICS: Mapping[tuple[bool, bool], Statistic] = {
    (False, False): "mean",
    (True, False): "geometric mean",
    (False, True): "mean of medians",
    (True, True): "geometric mean of medians",
}
NO_MEDIANS = "its mean over tasks says nothing, and its median is not stored; compare again"


@dataclass(frozen=True)
class Judgement:
    """A claim's `verdict`, the mean `value` over `seeds`, and its interval; NaN where nothing was measured.

    `statistic` says what of seeds and tasks the value is. `absent` says why there is no number, and is empty if there
    is; `advice`, what would decide an open claim, empty if nothing certainly does.
    """

    claim: ClaimSpec
    verdict: Verdict
    value: float
    low: float
    high: float
    seeds: int
    absent: str = ""
    statistic: Statistic = "mean"

    @property
    def advice(self) -> str:
        """`train more seeds` where so few have a number that Student's t leaves the claim open."""
        few = 0 < self.seeds <= TOO_FEW_SEEDS and self.verdict is Verdict.OPEN
        return "train more seeds" if few and _varies(self.claim) else ""


def judge(claim: ClaimSpec, own: Numbers, others: Numbers) -> Judgement:
    """The judgement on `claim` from what was measured of its runs, by seed; `others` are those of `claim.versus`."""
    by_median = _needs_medians(claim, own, others)
    values = _values(claim, own, others, by_median)
    if not values:
        absent = NO_MEDIANS if by_median and _values(claim, own, others, False) else _absent(claim, own, others)
        return Judgement(claim, Verdict.OPEN, math.nan, math.nan, math.nan, 0, absent)
    confidence = CONFIDENCE_OF_EQUALITY if claim.operator == "=" else CONFIDENCE
    relative = _is_relative(claim) and all(one.value > 0 for one in values)
    value, low, high = (relative_interval if relative else _ends)(values, confidence, _varies(claim))
    statistic = STATISTICS[relative, by_median]
    return Judgement(claim, _verdict(claim, low, high), value, low, high, len(values), statistic=statistic)


def _ends(values: Sequence[Estimate], confidence: float, varies: bool) -> tuple[float, float, float]:
    """The mean and the ends of its interval."""
    mean, half = interval(values, confidence, varies)
    return mean, mean - half, mean + half


def relative_interval(values: Sequence[Estimate], confidence: float, varies: bool) -> tuple[float, float, float]:
    """The geometric mean of positive values, and the ends of its interval: those of the mean logarithm."""
    logarithms = [Estimate(math.log(one.value), one.standard_error / one.value) for one in values]
    mean, half = interval(logarithms, confidence, varies)
    if math.isinf(half):
        return math.exp(mean), -math.inf, math.inf
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def _needs_medians(claim: ClaimSpec, own: Numbers, others: Numbers) -> bool:
    """Whether of one seed at least a mean over tasks says nothing."""
    chosen = [(claim, own), *([] if claim.compared is None else [(claim.compared, others)])]
    return any(is_heavy_tailed(numbers, choice) for choice, seeds in chosen for numbers in seeds.values())


def interval(values: Sequence[Estimate], confidence: float, varies: bool) -> tuple[float, float]:
    """The mean, and half the width of its interval: infinite for one seed of something that `varies` with the seed."""
    numbers = np.array([one.value for one in values])
    over_seeds = 0.0
    if varies:
        quantile = stats.t.ppf((1 + confidence) / 2, len(values) - 1) if len(values) > 1 else math.inf
        over_seeds = quantile * numbers.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.inf
    sampling = stats.norm.ppf((1 + confidence) / 2) * np.mean([one.standard_error for one in values])
    return float(numbers.mean()), math.hypot(over_seeds, sampling)


def _values(claim: ClaimSpec, own: Numbers, others: Numbers, by_median: bool) -> list[Estimate]:
    """One value a seed that was measured; differences and ratios within a seed."""
    compared = claim.compared
    if compared is None or claim.versus is None:
        found = [measured(numbers, claim, by_median) for numbers in own.values()]
    else:
        combine = _difference if claim.versus.by == "difference" else _ratio
        found = [
            combine(measured(own[seed], claim, by_median), measured(others[seed], compared, by_median))
            for seed in own
            if seed in others
        ]
    return [value for value in found if value is not None and not math.isnan(value.value)]


def _absent(claim: ClaimSpec, own: Numbers, others: Numbers) -> str:
    compared = claim.compared
    reasons = [absence(own, claim), "" if compared is None else absence(others, compared)]
    return next(filter(None, reasons), "no seed has both numbers, or the second of them is 0")


def _difference(first: Estimate | None, second: Estimate | None) -> Estimate | None:
    if first is None or second is None:
        return None
    return Estimate(first.value - second.value, abs(first.standard_error - second.standard_error))


def _ratio(first: Estimate | None, second: Estimate | None) -> Estimate | None:
    if first is None or second is None or second.value == 0:
        return None
    ratio = first.value / second.value
    return Estimate(ratio, abs(first.standard_error - abs(ratio) * second.standard_error) / abs(second.value))


def _is_relative(claim: ClaimSpec) -> bool:
    """Whether it is on a ratio."""
    if claim.versus is not None:
        return claim.versus.by == "ratio"
    return MEASURES[claim.measure].relative


def _varies(claim: ClaimSpec) -> bool:
    measures = [one.measure for one in (claim, claim.compared) if one is not None]
    return any(MEASURES[name].of_model for name in measures)


def _verdict(claim: ClaimSpec, low: float, high: float) -> Verdict:
    if claim.operator == "=":
        return Verdict.OPEN if math.isinf(high) else _yes_or_no(low <= claim.bound <= high)
    if claim.operator == "within" and claim.upper is not None:
        inside, outside = low >= claim.bound and high <= claim.upper, high < claim.bound or low > claim.upper
    elif claim.operator == "<":
        inside, outside = high < claim.bound, low >= claim.bound
    else:
        inside, outside = low > claim.bound, high <= claim.bound
    return _yes_or_no(inside) if inside or outside else Verdict.OPEN


def _yes_or_no(holds: bool) -> Verdict:
    return Verdict.HOLDS if holds else Verdict.FAILS
