"""What must be said beside a loss: that its mean says nothing, or that it contains label noise."""

from collections.abc import Mapping, Sequence

from icl_cli.config import RunConfig
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
from icl_cli.store import Summary

Measures = Mapping[str, Measured]

# The summary of a run that has it.
BAYES_LOSS = "bayes_loss"
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


def noise_sentence(config: RunConfig, summaries: Sequence[Summary]) -> str:
    """What label noise adds to every loss, and the lowest possible loss on the same tasks; empty without noise."""
    noise = config.task.label_noise
    if noise == 0:
        return ""
    square = "τ²/2" if config.training.loss == "half-squared-error" else "τ²"
    outputs = f" for each of {config.task.output_size} outputs" if config.task.output_size > 1 else ""
    floor = (
        f"With label noise τ = {number(noise)}, which is also on the query's target, every loss contains "
        f"{number(config.noise_loss)} ({square}{outputs}) that nobody can learn"
    )
    bayes = next((summary for summary in summaries if summary.name == BAYES_LOSS), None)
    if bayes is None:
        return f"{floor}."
    lowest = measured(bayes.value, bayes.standard_error)
    return f"{floor}; the Bayes loss, the lowest possible of any learner, is {lowest} on the same tasks."


def _reason(index: Measured) -> str:
    if index.standard_error == 0:
        return "has no mean" if index.value <= ORDER_OF_MEAN else "has no variance"
    return f"is heavy-tailed (tail index {measured(index.value, index.standard_error)})"
