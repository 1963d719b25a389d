"""The loss of every seed over training: seeds leave their plateaus at different steps (Figures 5 and 15)."""

import pandas
from matplotlib import colormaps
from matplotlib.axes import Axes

from icl_cli.report.curves import MARKERS_PER_CURVE, draw_levels, legend_label
from icl_cli.report.learners import MODEL, learner_style, parts
from icl_cli.report.panels.about import About
from icl_cli.report.panels.loss import loss_numbers
from icl_cli.report.panels.overlay import BASELINES, overlaid
from icl_cli.report.panels.panel import Option, Panel, Shown
from icl_cli.report.scales import drawable, log_axis, loss_axis, loss_label, steps_axis

# Dark enough on white at either end, and of falling lightness, so that neighbours differ in grey too.
COLORS = "viridis"
LIGHTEST = 0.85
LINES = ("-", (0, (5, 1.5)), (0, (1.5, 1)))


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    numbers = overlaid(shown, loss_numbers)
    if numbers is None:
        return None
    single = numbers["seed"].notna() | numbers["step"].isna()
    return numbers.loc[single].reset_index(drop=True)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    curves = drawable(numbers.loc[numbers["step"].notna()])
    learners = list(curves["learner"].unique())
    for learner in learners:
        _draw_seeds(axes, curves.loc[curves["learner"] == learner], None if len(learners) == 1 else learner)
    draw_levels(axes, numbers.loc[numbers["step"].isna()])
    steps_axis(axes, shown.steps)
    if shown.options["log"]:
        log_axis(axes, drawable(numbers)["value"].to_numpy(float))
    else:
        loss_axis(axes, numbers.drop(columns="standard_error"))
    axes.set_ylabel(loss_label(shown.config.training.loss))


def _draw_seeds(axes: Axes, curves: pandas.DataFrame, learner: str | None) -> None:
    """One line a seed, in the looks of `learner`; those of a single model (None) in colours and lines of their own."""
    seeds = list(curves.groupby("seed"))
    for index, (_, one) in enumerate(seeds):
        own = (colormaps[COLORS](LIGHTEST * index / max(1, len(seeds) - 1)), LINES[index % len(LINES)])
        color, line = own if learner is None else (learner_style(learner).color, learner_style(learner).line)
        label = "_seed" if learner is None or index else legend_label(learner)
        marker = "none" if learner is None else learner_style(learner).marker
        every = (index, max(1, len(one) // MARKERS_PER_CURVE))
        looks = {"color": color, "linestyle": line, "lw": 1.0, "marker": marker, "markevery": every}
        axes.plot(one["step"], one["value"], **looks, label=label)


def _legend(numbers: pandas.DataFrame) -> list[str]:
    """Of a single model each seed has its own colour, which the legend need not explain."""
    learners = list(numbers["learner"].unique())
    models = [name for name in learners if parts(name).kind == MODEL]
    return [name for name in learners if len(models) > 1 or name not in models]


LOSS_BY_SEED = Panel(
    "loss-by-seed",
    "Loss of each seed",
    _numbers,
    _draw,
    BASELINES | {"log": Option(default=False)},
    legend=_legend,
    about=About("held-out loss of every seed over training", "Figures 5 and 15"),
    of_losses=True,
    rescales=True,
)
