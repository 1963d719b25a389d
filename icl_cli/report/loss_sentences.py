"""What must be said beside a loss: that its mean says nothing, or that it contains label noise."""

from collections.abc import Mapping, Sequence

from icl_cli.heavy_tails import (
    LARGEST,
    LARGEST_SHARE,
    ORDER_OF_MEAN,
    TAIL_INDEX,
    TRIMMED_MEAN,
    TRIMMED_SHARE,
    Measured,
)
from icl_cli.report.formatting import measured, number, printable

Measures = Mapping[str, Measured]

# Half the width of an interval of 95%, in standard errors.
HALF_WIDTH = 1.96


def heaviest(loss: str, seeds: Sequence[Measures]) -> Measures:
    """The measures of the seed whose loss has the smallest tail index; those without one come last."""
    with_index = [measures for measures in seeds if f"{loss}{TAIL_INDEX}" in measures]
    return min(with_index or seeds, key=lambda measures: measures.get(f"{loss}{TAIL_INDEX}", measures[loss]).value)


def heavy_tail_sentence(learner: str, loss: str, measures: Measures) -> str:
    """Why the mean of this `loss` says nothing, and a trimmed mean with its interval of 95%.

    **Arguments**: `learner` is whose loss it is, `loss` "model_loss" or "baseline_loss", heavy-tailed in `measures`.
    """
    mean = measures[loss]
    index, share, trimmed = (measures.get(f"{loss}{kind}") for kind in (TAIL_INDEX, LARGEST_SHARE, TRIMMED_MEAN))
    stated = measured(mean.value, mean.standard_error)
    if index is None or share is None or trimmed is None:
        return f"The loss of {printable(learner)} is heavy-tailed, its mean {stated} says nothing; compare again."
    half = HALF_WIDTH * (trimmed.standard_error or 0.0)
    low, high = number(trimmed.value - half), number(trimmed.value + half)
    return (
        f"The loss of {printable(learner)} {_reason(index)}: {LARGEST:.0%} of the tasks make up {share.value:.0%} of "
        f"their average, {stated}, which says nothing. Without the smallest and the largest {TRIMMED_SHARE:.0%} it is "
        f"{number(trimmed.value)}, 95% {low} to {high}."
    )


def _reason(index: Measured) -> str:
    if index.standard_error == 0:
        return "has no mean" if index.value <= ORDER_OF_MEAN else "has no variance"
    return f"is heavy-tailed (tail index {measured(index.value, index.standard_error)})"
