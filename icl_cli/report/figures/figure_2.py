"""The paper's Figure 2 for one family: training, alignment, final losses and shifted inputs on one page width."""

import numpy as np
import pandas
from matplotlib.figure import Figure

from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.drawn_seeds import drawn_seeds
from icl_cli.report.figures.out_of_distribution import INPUTS, shift_numbers
from icl_cli.report.legends import legend_above
from icl_cli.report.panels.alignment import ABOVE, alignment_numbers, draw_cosines, draw_differences, measures_legend
from icl_cli.report.panels.loss import draw_loss, loss_numbers
from icl_cli.report.panels.losses import LOSS, MOST_ANNOTATED, draw_losses, losses_numbers
from icl_cli.report.panels.shift import draw_shift
from icl_cli.report.style import TWO_COLUMNS, new_figure
from icl_cli.report.wording import spread_sentence


def figure_2(family: Family) -> Drawing | None:
    """The figure, or None unless all four of its panels can be drawn."""
    shifts = shift_numbers(family)
    panels = {
        "a": loss_numbers(family),
        "b": alignment_numbers(family),
        "c": losses_numbers(family),
        "d": None if shifts is None else shifts.loc[shifts["kind"] == INPUTS],
    }
    present = {letter: numbers for letter, numbers in panels.items() if numbers is not None and not numbers.empty}
    if len(present) < len(panels):
        return None
    numbers = pandas.concat([frame.assign(panel=letter) for letter, frame in present.items()], ignore_index=True)
    caption = (
        "(a) Loss over training. (b) Alignment over training. (c) Final losses with ±2 Monte-Carlo s.e."
        f"{_differences(present['c'])} (d) Inputs scaled by α. "
        f"{spread_sentence([drawn_seeds('', family, numbers)], numbers)}"
    )
    return Drawing(_draw(present, family), numbers, caption, f"Four charts. {caption}")


def _differences(losses: pandas.DataFrame) -> str:
    rows = losses.loc[losses["quantity"] == LOSS, "learner"].nunique()
    return "; Δ is transformer − baseline, paired." if rows <= MOST_ANNOTATED else ""


def _draw(panels: dict[str, pandas.DataFrame], family: Family) -> Figure:
    figure = new_figure(TWO_COLUMNS, 5.4)
    parts = np.asarray(figure.subfigures(2, 2))
    steps, loss = family.config.training.steps, family.config.training.loss
    draw_loss(parts[0, 0].subplots(), panels["a"], steps, loss)
    differences, cosines = parts[0, 1].subplots(2, 1, sharex=True)
    draw_differences(differences, panels["b"], steps)
    measures_legend(differences, **ABOVE)
    draw_cosines(cosines, panels["b"], steps)
    differences.set_xlabel("")
    draw_losses(parts[1, 0].subplots(), panels["c"], loss, annotate=True)
    draw_shift(parts[1, 1].subplots(), panels["d"], loss)
    for letter, part in zip("abcd", parts.flatten(), strict=True):
        part.suptitle(f"({letter})", x=0.01, ha="left", fontweight="bold", fontsize=8)
    legend_above(figure, panels["d"]["learner"])
    return figure


FIGURE_2 = FamilyFigure(
    "figure-2",
    "At a glance, as in Figure 2 of the paper",
    figure_2,
    measured_by=("--at", "all"),
    shows="loss, alignment, final losses and shifted inputs at a glance",
    paper="Figure 2",
)
