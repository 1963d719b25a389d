"""The step at which each seed leaves the first plateau of its loss (Figure 15)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.panels.about import About, analysed
from icl_cli.report.panels.losses import draw_named_rows
from icl_cli.report.panels.overlay import overlaid
from icl_cli.report.panels.panel import Panel, Shown, no_legend
from icl_cli.report.scales import step_numbers

KIND, ONSETS = "plateau", "onset"


def _family_numbers(family: Family) -> pandas.DataFrame | None:
    curves = family.curves
    onsets = (curves["kind"] == KIND) & (curves["learner"] == ONSETS)
    points = curves.loc[onsets, ["learner", "seed", "value", "standard_error"]]
    return None if points.empty else points.reset_index(drop=True)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_named_rows(axes, numbers, "not within the training")
    axes.set_xlim(0, shown.steps)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(step_numbers())
    axes.set_xlabel("training step of the onset")


ONSET = Panel(
    "onset",
    "End of the plateau",
    lambda shown: overlaid(shown, _family_numbers),
    _draw,
    legend=no_legend,
    about=About("step at which each seed leaves its plateau", "Figure 15", analysed("plateau")),
)
