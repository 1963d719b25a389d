"""The table of every comparison of a family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas

from icl_cli.heavy_tails import LOSSES, MEDIAN, WITH_MEDIAN, heavy_tailed
from icl_cli.report.data import Family
from icl_cli.report.formatting import measured, number
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.learners import in_order, learner_style
from icl_cli.report.loss_sentences import heaviest, heavy_tail_sentence
from icl_cli.report.seeds import over_seeds
from icl_cli.report.tuned_parameters import written_parameters
from icl_cli.store import TunedBaseline

MEASURES = {
    "model_loss": "loss of the transformer",
    "baseline_loss": "loss of the baseline",
    "loss_difference": "paired difference",
    "prediction_difference": "|Δŷ|",
    "model_difference": "|Δ∂ŷ/∂x|",
    "cosine": "cosine",
    "interpolated_loss": "loss of the interpolation",
}
MOST_VALUES = 6


@dataclass(frozen=True)
class Cell:
    """A measure as text: its mean over seeds with their standard deviation, and the Monte-Carlo error.

    `order` is what it sorts by.
    """

    value: str
    error: str
    order: str


@dataclass(frozen=True)
class ComparisonRow:
    """One baseline: what it is called, what was tuned, and the cells in the order of `MEASURES`.

    `remark` says why its losses are medians over tasks; empty if they are means.
    """

    baseline: str
    parameters: str
    cells: Sequence[Cell | None]
    remark: str = ""


def comparison_rows(family: Family) -> list[ComparisonRow]:
    """Every baseline that the final weights were compared with."""
    final = family.final_comparisons
    table = over_seeds(final, ["baseline", "measure"])
    cells = {(row.baseline, row.measure): _cell(row) for row in rows_of(table)}
    heavy = {name: _heavy_tails(final.loc[final["baseline"] == name], name) for name in table["baseline"].unique()}
    return [
        ComparisonRow(
            learner_style(name).label,
            _parameters(family.baselines[name], family.config.task.context_length),
            [cells.get((name, _told_by(measure, heavy[name], cells, name))) for measure in MEASURES],
            heavy[name],
        )
        for name in in_order(table["baseline"])
    ]


def _told_by(measure: str, heavy: str, cells: Mapping[tuple[str, str], Cell], baseline: str) -> str:
    """The stored measure that a cell shows: the median where a mean over tasks says nothing."""
    median = f"{measure}{MEDIAN}"
    return median if heavy and measure in WITH_MEDIAN and (baseline, median) in cells else measure


def _heavy_tails(comparisons: pandas.DataFrame, baseline: str) -> str:
    """Of one baseline, why means of losses say nothing: of the seed where it is worst. Empty if they do."""
    seeds = [{row.measure: row for row in rows_of(own)} for _, own in comparisons.groupby("seed")]
    names = {"model_loss": "the transformer", "baseline_loss": learner_style(baseline).label}
    losses = [loss for loss in LOSSES if any(loss in heavy_tailed(measures) for measures in seeds)]
    sentences = [heavy_tail_sentence(names[loss], loss, heaviest(loss, seeds)) for loss in losses]
    return " ".join(["Medians over tasks.", *sentences]) if sentences else ""


def _cell(row: Any) -> Cell:
    # A baseline sees the same tasks for every seed, so it has no spread to show.
    spread = row.deviation if row.seeds > 1 and row.deviation > 0 else None
    return Cell(measured(row.value, spread), number(row.standard_error, digits=2), f"{row.value:.9g}")


def _parameters(baseline: TunedBaseline, context_length: int) -> str:
    """`η/N = 0.6061; γ = 0.176`: rates as they multiply sums over the context."""
    words = []
    for symbol, values in written_parameters(baseline, context_length):
        shown = [number(value) for value in values[:MOST_VALUES]]
        words.append(f"{symbol} = {', '.join(shown)}{', …' if len(values) > MOST_VALUES else ''}")
    return "; ".join(words) or "none"
