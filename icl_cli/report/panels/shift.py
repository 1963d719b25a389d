"""Losses away from the training distribution, over the strength α of a shift (Figures 2 and 6)."""

import numpy as np
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
# A curve that explodes leaves the panel at this multiple of the largest loss at α = 1.
LARGEST_FACTOR = 1e5


def draw_shift(axes: Axes, numbers: pandas.DataFrame, loss: Loss) -> None:
    """Draw the losses under one kind of shift."""
    axes.axvline(TRAINING_SCALE, color=FAINT, lw=1)
    draw_curves(axes, numbers, "alpha")
    values = drawable(numbers)["value"].to_numpy(float)
    usual = values[np.isclose(numbers["alpha"].to_numpy(float), TRAINING_SCALE) & np.isfinite(values)]
    log_axis(axes, np.minimum(values, LARGEST_FACTOR * usual.max()) if usual.size else values)
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
