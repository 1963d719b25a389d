"""Losses away from the training distribution, over the strength α of a shift (Figures 2 and 6)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.config import Loss
from icl_cli.report.curves import draw_curves
from icl_cli.report.panels.about import COMPARED, About
from icl_cli.report.panels.overlay import BASELINES, curve_numbers, overlaid
from icl_cli.report.panels.panel import Option, Panel, Shown
from icl_cli.report.scales import drawable, log_axis, loss_label
from icl_cli.report.style import FAINT
from icl_cli.tasks import SHIFT_KINDS

PREFIX = "shift-"
TRAINING_SCALE = 1.0


def draw_shift(axes: Axes, numbers: pandas.DataFrame, loss: Loss) -> None:
    """Draw the losses under one kind of shift."""
    axes.axvline(TRAINING_SCALE, color=FAINT, lw=1)
    draw_curves(axes, numbers, "alpha")
    log_axis(axes, drawable(numbers)["value"].to_numpy(float))
    axes.margins(x=0.02)
    axes.set_xlabel("α")
    axes.set_ylabel(loss_label(loss))


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    return overlaid(shown, curve_numbers(PREFIX + shown.options["shift"], "alpha"))


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_shift(axes, numbers, shown.config.training.loss)
    axes.set_xlabel(f"α on {shown.options['shift'].replace('-', ' ')}")


SHIFT = Panel(
    "shift",
    "Out of distribution",
    _numbers,
    _draw,
    BASELINES | {"shift": Option("inputs", choices=tuple(SHIFT_KINDS))},
    about=About("loss out of distribution, over the strength α of a shift", "Figures 2 and 6", COMPARED),
    of_losses=True,
    rescales=True,
)
