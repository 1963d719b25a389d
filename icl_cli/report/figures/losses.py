"""Final losses of the model, the baselines and their interpolations, seed by seed, and the paired differences."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.drawn_seeds import drawn_seeds, left_out
from icl_cli.report.learners import in_order
from icl_cli.report.panels.losses import DIFFERENCE, LOSS, draw_losses, draw_rows, losses_numbers
from icl_cli.report.style import FAINT, TWO_COLUMNS, new_figure
from icl_cli.report.wording import differences_text, values_text


def losses(family: Family) -> Drawing | None:
    """The figure, or None for runs that were never compared."""
    numbers = losses_numbers(family)
    if numbers is None:
        return None
    rows = numbers.loc[numbers["quantity"] == LOSS, "learner"].nunique()
    figure = new_figure(TWO_COLUMNS, 1.0 + 0.32 * rows)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
    draw_losses(left, numbers, family.config.training.loss)
    _draw_differences(right, numbers)
    caption = " ".join([_caption(numbers), *left_out([drawn_seeds("", family, numbers)])])
    return Drawing(figure, numbers, caption, f"Dot plot. {caption}")


def _draw_differences(axes: Axes, numbers: pandas.DataFrame) -> None:
    """Draw the paired differences in the rows of their baselines."""
    axes.axvline(0, color=FAINT, lw=1)
    draw_rows(axes, numbers.loc[numbers["quantity"] == DIFFERENCE], in_order(numbers["learner"]))
    axes.tick_params(axis="y", labelleft=False)
    axes.margins(x=0.15)
    axes.locator_params(axis="x", nbins=4)
    # In two lines, because the power of ten that the ticks share stands at the right of the first.
    axes.set_xlabel("transformer − baseline,\npaired")


def _caption(numbers: pandas.DataFrame) -> str:
    points = numbers.loc[numbers["quantity"] == LOSS]
    differences = numbers.loc[numbers["quantity"] == DIFFERENCE]
    return (
        f"One point a seed, with bars of ±2 Monte-Carlo s.e.: {values_text(points)}. All learners are measured on "
        "the same tasks, so paired differences (right) are far more certain than the losses themselves: "
        f"{differences_text(differences)}."
    )


LOSSES = FamilyFigure(
    "losses",
    "Final losses",
    losses,
    measured_by=(),
    shows="final losses, and paired differences beside them",
    paper="Figures 2 and 3",
)
