"""The loss of weights between trained and constructed ones (Appendix A.3): flat if both are the same algorithm."""

import pandas
from matplotlib.axes import Axes

from icl_cli.config import Loss
from icl_cli.report.curves import draw_curves
from icl_cli.report.panels.about import COMPARED, About
from icl_cli.report.panels.overlay import BASELINES, curve_numbers, overlaid
from icl_cli.report.panels.panel import Panel, Shown
from icl_cli.report.scales import loss_axis, loss_label

KIND = "interpolation"

interpolation_numbers = curve_numbers(KIND, "t")


def draw_interpolation(axes: Axes, numbers: pandas.DataFrame, loss: Loss) -> None:
    """Draw the losses over t."""
    draw_curves(axes, numbers, "t")
    loss_axis(axes, numbers.drop(columns="standard_error"))
    axes.margins(x=0.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0\ntrained", "¼", "½", "¾", "1\nconstructed"])
    axes.set_xlabel("t")
    axes.set_ylabel(loss_label(loss))


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    return overlaid(shown, interpolation_numbers)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_interpolation(axes, numbers, shown.config.training.loss)


INTERPOLATION = Panel(
    "interpolation",
    "Between the weights",
    _numbers,
    _draw,
    BASELINES,
    about=About(
        "loss of weights between trained and constructed ones", "Appendix A.3", COMPARED, "linear layers of one head"
    ),
    of_losses=True,
    rescales=True,
)
