"""Losses away from the training distribution, over the strength α of four shifts (Figures 2 and 6)."""

import pandas

from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.legends import legend_above
from icl_cli.report.panels.shift import PREFIX, draw_shift
from icl_cli.report.seeds import with_mean
from icl_cli.report.style import TWO_COLUMNS, new_figure
from icl_cli.report.wording import reading, values_text
from icl_cli.tasks import SHIFT_KINDS

INPUTS = f"{PREFIX}inputs"


def out_of_distribution(family: Family) -> Drawing | None:
    """The figure, one panel a kind of shift, or None where none was measured."""
    numbers = shift_numbers(family)
    if numbers is None:
        return None
    kinds = [kind for kind in _kinds() if kind in set(numbers["kind"])]
    figure = new_figure(TWO_COLUMNS, 0.6 + 2.1 * ((len(kinds) + 1) // 2))
    panels = figure.subplots((len(kinds) + 1) // 2, 2, squeeze=False).flatten()
    for axes, kind in zip(panels, kinds, strict=False):
        draw_shift(axes, numbers.loc[numbers["kind"] == kind], family.config.training.loss)
        axes.set_title(SHIFT_KINDS[kind.removeprefix(PREFIX)])
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    legend_above(figure, numbers["learner"])
    caption = f"{_strongest(numbers)} Vertical lines mark α = 1. {reading(numbers, family)}"
    return Drawing(figure, numbers, caption, f"Line charts. {_strongest(numbers)}")


def shift_numbers(family: Family) -> pandas.DataFrame | None:
    """The losses by kind of shift, learner and α."""
    points = family.curves.loc[family.curves["kind"].isin(_kinds())].rename(columns={"x": "alpha"})
    return None if points.empty else with_mean(points, ["kind", "learner", "alpha"])


def _kinds() -> list[str]:
    return [PREFIX + kind for kind in SHIFT_KINDS]


def _strongest(numbers: pandas.DataFrame) -> str:
    kind = numbers["kind"].iloc[0]
    own = numbers.loc[(numbers["kind"] == kind) & numbers["seed"].notna()]
    largest = own["alpha"].max()
    losses = values_text(own.loc[own["alpha"] == largest])
    return f"{SHIFT_KINDS[kind.removeprefix(PREFIX)].capitalize()}, at α = {largest:g}: {losses}."


OUT_OF_DISTRIBUTION = FamilyFigure(
    "out-of-distribution",
    "Out of distribution",
    out_of_distribution,
    measured_by=(),
    shows="losses out of distribution, one panel a kind of shift",
    paper="Figures 2 and 6",
)
