"""One layer applied again and again, each step damped by λ (Figures 1 and 10, Appendix A.6)."""

import numpy as np
import pandas
from matplotlib.axes import Axes

from icl_cli.config import Loss
from icl_cli.report.curves import draw_curves
from icl_cli.report.panels.about import About, analysed
from icl_cli.report.panels.overlay import BASELINES, curve_numbers, overlaid
from icl_cli.report.panels.panel import Option, Panel, Shown
from icl_cli.report.scales import drawable, log_axis, loss_label

PREFIX = "roll-out-"
# A diverging curve leaves the panel at this multiple of the loss before the first step.
LARGEST_FACTOR = 3.0


def draw_roll_out(axes: Axes, numbers: pandas.DataFrame, damping: str, loss: Loss) -> None:
    """Draw the losses after every application."""
    draw_curves(axes, numbers, "applications")
    values = drawable(numbers)["value"].to_numpy(float)
    start = np.nanmax(values[numbers["applications"].to_numpy(float) == 0])
    log_axis(axes, np.minimum(values, LARGEST_FACTOR * start))
    axes.margins(x=0.02)
    axes.set_xlabel(f"applications, λ = {damping}")
    axes.set_ylabel(loss_label(loss))


def _damping(shown: Shown) -> str:
    """λ as in the names of the curves."""
    return f"{shown.options['damping']:g}"


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    return overlaid(shown, curve_numbers(PREFIX + _damping(shown), "applications"))


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_roll_out(axes, numbers, _damping(shown), shown.config.training.loss)


ROLL_OUT = Panel(
    "roll-out",
    "Rolled out",
    _numbers,
    _draw,
    BASELINES | {"damping": Option(default=0.75, smallest=0.0)},
    about=About(
        "loss when one layer is applied again and again, damped by λ",
        "Figures 1 and 10",
        analysed("roll-out"),
        "one layer",
    ),
    of_losses=True,
    rescales=True,
)
