"""Final losses over a value of the configuration: N = d in Figure 2, the number of tasks in Figure 16."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.learners import MODEL
from icl_cli.report.panels.about import About
from icl_cli.report.panels.grid import PATH, draw_grid, over_grid
from icl_cli.report.panels.loss import loss_numbers
from icl_cli.report.panels.losses import LOSS, losses_numbers
from icl_cli.report.panels.overlay import BASELINES, chosen
from icl_cli.report.panels.panel import Option, Panel, Shown
from icl_cli.report.scales import drawable, log_axis, loss_axis, loss_label

COLUMNS = ["learner", "seed", "value", "standard_error"]


def _final(family: Family) -> pandas.DataFrame:
    """The last losses of a family: those of the comparisons or, without any, the model's own."""
    compared = losses_numbers(family)
    if compared is not None:
        return compared.loc[compared["quantity"] == LOSS, COLUMNS]
    trained = loss_numbers(family)
    if trained is None:
        return pandas.DataFrame(columns=COLUMNS)
    last = (trained["step"] == family.config.training.steps) & trained["seed"].notna()
    return trained.loc[last & (trained["learner"] == MODEL), COLUMNS]


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    numbers = over_grid(shown, _final)
    return None if numbers is None else chosen(numbers, shown)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_grid(axes, numbers, shown.options["path"])
    if shown.options["log"]:
        log_axis(axes, drawable(numbers)["value"].to_numpy(float))
    else:
        loss_axis(axes, numbers.drop(columns="standard_error"))
    axes.set_ylabel(loss_label(shown.config.training.loss))


SIZES = Panel(
    "sizes",
    "Final loss",
    _numbers,
    _draw,
    PATH | BASELINES | {"log": Option(default=False)},
    overlays=False,
    about=About("final losses over a setting, one point a configuration", "Figures 2 and 16"),
    takes="grid",
    of_losses=True,
    rescales=True,
)
