"""Where the first layer moves the eigenvalues λ of XXᵀ, beside λ − 2γλ² + γ²λ³ of GD++ (Figure 13, Appendix A.10)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.curves import draw_curves
from icl_cli.report.panels.about import SEVERAL_LINEAR_LAYERS, About, analysed
from icl_cli.report.panels.overlay import curve_numbers, overlaid
from icl_cli.report.panels.panel import Panel, Shown


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    return overlaid(shown, curve_numbers("curvature-map", "eigenvalue"))


def _draw(axes: Axes, numbers: pandas.DataFrame, _: Shown) -> None:
    draw_curves(axes, numbers, "eigenvalue")
    axes.margins(x=0.02)
    axes.set_xlabel("eigenvalue λ of XXᵀ")
    axes.set_ylabel("after layer 1")


CURVATURE_MAP = Panel(
    "curvature-map",
    "Eigenvalues transformed",
    _numbers,
    _draw,
    about=About(
        "where the first layer moves the eigenvalues of XXᵀ", "Figure 13", analysed("curvature"), SEVERAL_LINEAR_LAYERS
    ),
)
