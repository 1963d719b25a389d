"""The γ that models learn beside the tuned one of GD++, over the context length (Figure 13, Appendix A.10)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.panels.about import SEVERAL_LINEAR_LAYERS, About, analysed
from icl_cli.report.panels.condition import RATE
from icl_cli.report.panels.grid import PATH, draw_grid, over_grid
from icl_cli.report.panels.panel import Panel, Shown
from icl_cli.report.scales import loss_axis


def _rates(family: Family) -> pandas.DataFrame:
    return family.curves.loc[family.curves["kind"] == RATE]


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    return over_grid(shown, _rates)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_grid(axes, numbers, shown.options["path"])
    loss_axis(axes, numbers.drop(columns="standard_error"))
    axes.set_ylabel("γ (models: layer 1)")


CURVATURE_RATES = Panel(
    "curvature-rates",
    "Learned and tuned γ",
    _numbers,
    _draw,
    PATH,
    overlays=False,
    about=About(
        "learned and tuned γ over a setting, one point a configuration",
        "Figure 13",
        analysed("curvature"),
        SEVERAL_LINEAR_LAYERS,
    ),
    takes="grid",
    rescales=True,
)
