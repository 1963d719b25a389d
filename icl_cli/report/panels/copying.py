"""How much the first layer's output at a token depends on the token, the next and the others, over training (Figure 5).

Two definitions: the mean over tasks of the derivatives' norms, as the paper's text says, or the norm of the mean.
"""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.curves import draw_curves
from icl_cli.report.panels.about import About, analysed
from icl_cli.report.panels.overlay import curve_numbers, overlaid
from icl_cli.report.panels.panel import Option, Panel, Shown
from icl_cli.report.scales import drawable, loss_axis, steps_axis

DEFINITIONS = {"mean-of-norms": "mean of ‖∂ẽ/∂e‖", "norm-of-mean": "‖mean of ∂ẽ/∂e‖"}


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    # The curve is over training: its x is the step of the snapshot.
    read = curve_numbers(f"copying-{shown.options['definition']}", "training_step")
    return overlaid(shown, read)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_curves(axes, numbers, "training_step")
    steps_axis(axes, shown.steps)
    loss_axis(axes, drawable(numbers).drop(columns="standard_error"))
    axes.set_ylabel(DEFINITIONS[shown.options["definition"]])


COPYING = Panel(
    "copying",
    "Sensitivity of the first layer",
    _numbers,
    _draw,
    {"definition": Option("mean-of-norms", choices=tuple(DEFINITIONS))},
    about=About(
        "how the first layer's output depends on the next token, over training",
        "Figure 5",
        analysed("copying"),
        "interleaved tokens",
    ),
    rescales=True,
)
