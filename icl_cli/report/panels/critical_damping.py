"""The λ beyond which a roll-out diverges: from the largest eigenvalue of XXᵀ, and as measured (Appendix A.6)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.panels.about import About, analysed
from icl_cli.report.panels.losses import draw_named_rows
from icl_cli.report.panels.overlay import overlaid
from icl_cli.report.panels.panel import Panel, Shown, no_legend
from icl_cli.report.scales import loss_axis

KIND = "critical-damping"


def _family_numbers(family: Family) -> pandas.DataFrame | None:
    points = family.curves.loc[family.curves["kind"] == KIND, ["learner", "seed", "value", "standard_error"]]
    return None if points.empty else points.reset_index(drop=True)


def _draw(axes: Axes, numbers: pandas.DataFrame, _: Shown) -> None:
    draw_named_rows(axes, numbers)
    loss_axis(axes, numbers, "x")
    axes.set_xlabel("critical damping λ")


CRITICAL_DAMPING = Panel(
    KIND,
    "Where the roll-out diverges",
    lambda shown: overlaid(shown, _family_numbers),
    _draw,
    legend=no_legend,
    about=About(
        "λ at which the roll-out diverges, predicted and measured",
        "Figure 10",
        analysed("critical-damping"),
        "one linear layer without a clip",
    ),
)
