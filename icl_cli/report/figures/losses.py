"""Final losses of the model, the baselines and their interpolations, seed by seed, and the paired differences."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.figures.curves import draw_errors
from icl_cli.report.figures.drawing import Drawing, FamilyFigure
from icl_cli.report.figures.scales import drawable, loss_axis, loss_label
from icl_cli.report.figures.wording import difference_text, differences_text, values_text
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.learners import INTERPOLATED, MODEL, in_order, learner_style
from icl_cli.report.seeds import over_seeds
from icl_cli.report.style import FAINT, TWO_COLUMNS, new_figure

LOSS, DIFFERENCE = "loss", "difference"
# Seeds of one learner lie this far apart, within a row of height 1.
SEEDS_HEIGHT = 0.5
# With more rows there is no room between them.
MOST_ANNOTATED = 6


def losses(family: Family) -> Drawing | None:
    """The figure, or None for runs that were never compared."""
    numbers = losses_numbers(family)
    if numbers is None:
        return None
    rows = numbers.loc[numbers["quantity"] == LOSS, "learner"].nunique()
    figure = new_figure(TWO_COLUMNS, 1.0 + 0.32 * rows)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
    draw_losses(left, numbers, family)
    _draw_differences(right, numbers)
    return Drawing(figure, numbers, _caption(numbers), f"Dot plot. {_caption(numbers)}")


def losses_numbers(family: Family) -> pandas.DataFrame | None:
    """The losses and paired differences of each seed; a baseline, which has no seed, once."""
    final = family.final_comparisons
    if final.empty:
        return None
    kinds = {
        "model_loss": (LOSS, f"{MODEL}"),
        "baseline_loss": (LOSS, "{}"),
        "interpolated_loss": (LOSS, f"{INTERPOLATED}{{}}"),
        "loss_difference": (DIFFERENCE, "{}"),
    }
    known = final.loc[final["measure"].isin(kinds)]
    table = known.assign(
        quantity=known["measure"].map(lambda measure: kinds[measure][0]),
        learner=[kinds[row.measure][1].format(row.baseline) for row in rows_of(known)],
    )
    table["seed"] = table["seed"].astype("Int64").mask(table["measure"] == "baseline_loss")
    table = table.drop_duplicates(["quantity", "learner", "seed"])
    return table[["quantity", "learner", "seed", "value", "standard_error"]].reset_index(drop=True)


def draw_losses(axes: Axes, numbers: pandas.DataFrame, family: Family, annotate: bool = False) -> None:
    """Draw one row of points a learner; `annotate` writes the paired differences beneath the baselines."""
    points = numbers.loc[numbers["quantity"] == LOSS]
    order = in_order(points["learner"])
    _draw_rows(axes, points, order)
    loss_axis(axes, points, "x")
    if axes.get_xscale() == "linear":
        axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel(loss_label(family.config.training.loss))
    if annotate and len(order) <= MOST_ANNOTATED:
        _annotate(axes, numbers.loc[numbers["quantity"] == DIFFERENCE], order)


def _draw_rows(axes: Axes, points: pandas.DataFrame, order: list[str]) -> None:
    for place, learner in enumerate(order):
        own = drawable(points.loc[points["learner"] == learner]).dropna(subset=["value"])
        for index, row in enumerate(rows_of(own)):
            draw_errors(axes, row, place + SEEDS_HEIGHT * ((index + 0.5) / len(own) - 0.5))
    axes.set_yticks(range(len(order)), [learner_style(learner).label for learner in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def _draw_differences(axes: Axes, numbers: pandas.DataFrame) -> None:
    """Draw the paired differences in the rows of their baselines."""
    axes.axvline(0, color=FAINT, lw=1)
    _draw_rows(axes, numbers.loc[numbers["quantity"] == DIFFERENCE], in_order(numbers["learner"]))
    axes.tick_params(axis="y", labelleft=False)
    axes.margins(x=0.15)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel("transformer − baseline, paired")


def _annotate(axes: Axes, differences: pandas.DataFrame, order: list[str]) -> None:
    for row in rows_of(over_seeds(differences, ["learner"])):
        place = order.index(row.learner) + 0.42
        text = f"Δ {difference_text(row)}"
        axes.text(0.98, place, text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=6)


def _caption(numbers: pandas.DataFrame) -> str:
    points = numbers.loc[numbers["quantity"] == LOSS]
    differences = numbers.loc[numbers["quantity"] == DIFFERENCE]
    return (
        f"One point a seed, with bars of ±2 Monte-Carlo s.e.: {values_text(points)}. All learners are measured on "
        "the same tasks, so paired differences (right) are far more certain than the losses themselves: "
        f"{differences_text(differences)}."
    )


LOSSES = FamilyFigure("losses", "Final losses", losses, measured_by=())
