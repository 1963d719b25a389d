"""The table of every comparison of a family."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from icl_cli.report.data import Family
from icl_cli.report.formatting import measured, number
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.learners import in_order, learner_style
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
    """One baseline: what it is called, what was tuned, and the cells in the order of `MEASURES`."""

    baseline: str
    parameters: str
    cells: Sequence[Cell | None]


def comparison_rows(family: Family) -> list[ComparisonRow]:
    """Every baseline that the final weights were compared with."""
    table = over_seeds(family.final_comparisons, ["baseline", "measure"])
    cells = {(row.baseline, row.measure): _cell(row) for row in rows_of(table)}
    return [
        ComparisonRow(
            learner_style(name).label,
            _parameters(family.baselines[name], family.config.task.context_length),
            [cells.get((name, measure)) for measure in MEASURES],
        )
        for name in in_order(table["baseline"])
    ]


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
