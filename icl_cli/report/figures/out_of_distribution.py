"""Losses away from the training distribution, over the strength α of four shifts (Figures 2 and 6)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.figures.curves import draw_curves, legend_above
from icl_cli.report.figures.drawing import Drawing, FamilyFigure
from icl_cli.report.figures.scales import drawable, log_axis, loss_label
from icl_cli.report.figures.wording import reading, values_text
from icl_cli.report.seeds import with_mean
from icl_cli.report.style import FAINT, TWO_COLUMNS, new_figure
from icl_cli.tasks import SHIFT_KINDS

PREFIX = "shift-"
INPUTS = "shift-inputs"
TRAINING_SCALE = 1.0


def out_of_distribution(family: Family) -> Drawing | None:
    """The figure, one panel a kind of shift, or None where none was measured."""
    numbers = shift_numbers(family)
    if numbers is None:
        return None
    kinds = [kind for kind in _kinds() if kind in set(numbers["kind"])]
    figure = new_figure(TWO_COLUMNS, 0.6 + 2.1 * ((len(kinds) + 1) // 2))
    panels = figure.subplots((len(kinds) + 1) // 2, 2, squeeze=False).flatten()
    for axes, kind in zip(panels, kinds, strict=False):
        draw_shift(axes, numbers.loc[numbers["kind"] == kind], family)
        axes.set_title(SHIFT_KINDS[kind.removeprefix(PREFIX)])
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    legend_above(figure, numbers["learner"])
    caption = f"{_strongest(numbers)} Vertical lines mark α = 1. {reading(family)}"
    return Drawing(figure, numbers, caption, f"Line charts. {_strongest(numbers)}")


def shift_numbers(family: Family) -> pandas.DataFrame | None:
    """The losses by kind of shift, learner and α."""
    points = family.curves.loc[family.curves["kind"].isin(_kinds())].rename(columns={"x": "alpha"})
    return None if points.empty else with_mean(points, ["kind", "learner", "alpha"])


def draw_shift(axes: Axes, numbers: pandas.DataFrame, family: Family) -> None:
    """Draw the losses under one kind of shift."""
    axes.axvline(TRAINING_SCALE, color=FAINT, lw=1)
    draw_curves(axes, numbers, "alpha")
    log_axis(axes, drawable(numbers)["value"].to_numpy(float))
    axes.margins(x=0.02)
    axes.set_xlabel("α")
    axes.set_ylabel(loss_label(family.config.training.loss))


def _kinds() -> list[str]:
    return [PREFIX + kind for kind in SHIFT_KINDS]


def _strongest(numbers: pandas.DataFrame) -> str:
    kind = numbers["kind"].iloc[0]
    own = numbers.loc[(numbers["kind"] == kind) & numbers["seed"].notna()]
    largest = own["alpha"].max()
    losses = values_text(own.loc[own["alpha"] == largest])
    return f"{SHIFT_KINDS[kind.removeprefix(PREFIX)].capitalize()}, at α = {largest:g}: {losses}."


OUT_OF_DISTRIBUTION = FamilyFigure("out-of-distribution", "Out of distribution", out_of_distribution, measured_by=())
