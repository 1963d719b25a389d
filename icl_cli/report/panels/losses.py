"""Final losses of the model, the baselines and their interpolations, seed by seed, as rows of points."""

import pandas
from matplotlib.axes import Axes

from icl_cli.config import Loss
from icl_cli.report.curves import draw_errors, legend_label
from icl_cli.report.data import Family
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.learners import INTERPOLATED, MODEL, in_order
from icl_cli.report.panels.about import COMPARED, About
from icl_cli.report.panels.overlay import BASELINES, overlaid
from icl_cli.report.panels.panel import Panel, Shown, no_legend
from icl_cli.report.scales import column_width, drawable, is_wide, loss_axis, loss_label
from icl_cli.report.seeds import over_seeds
from icl_cli.report.wording import difference_text

LOSS, DIFFERENCE = "loss", "difference"
# Seeds of one learner lie this far apart, within a row of height 1.
SEEDS_HEIGHT = 0.4
# With more rows there is no room between them.
MOST_ANNOTATED = 6
# Where a row's name stands above its points, and how many of its letters an inch of the panel's column has room for.
NAME_HEIGHT, LETTERS_PER_INCH = 0.46, 14.5


def losses_numbers(family: Family) -> pandas.DataFrame | None:
    """The losses and paired differences of each seed; a baseline, which has no seed, once.

    Of other runs in the place of a baseline there may be one for each seed, and then all count.
    """
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
    is_one = known.groupby("baseline")["baseline_id"].transform("nunique") == 1
    table["seed"] = table["seed"].astype("Int64").mask((table["measure"] == "baseline_loss") & is_one)
    table = table.drop_duplicates(["quantity", "learner", "seed"])
    return table[["quantity", "learner", "seed", "value", "standard_error"]].reset_index(drop=True)


def draw_losses(axes: Axes, numbers: pandas.DataFrame, loss: Loss, annotate: bool = False) -> None:
    """Draw one row of points a learner; `annotate` writes the paired differences beneath the baselines."""
    points = numbers.loc[numbers["quantity"] == LOSS]
    order = in_order(points["learner"])
    draw_rows(axes, points, order)
    loss_axis(axes, points, "x")
    if axes.get_xscale() == "linear":
        axes.locator_params(axis="x", nbins=5 if is_wide(axes) else 2)
        axes.tick_params(axis="x", labelsize=7.5 if is_wide(axes) else 6.5)
    axes.set_xlabel(loss_label(loss))
    if annotate and len(order) <= MOST_ANNOTATED:
        _annotate(axes, numbers.loc[numbers["quantity"] == DIFFERENCE], order)


def draw_rows(axes: Axes, points: pandas.DataFrame, order: list[str]) -> None:
    """Draw the points of each learner in a row of its own, the seeds one below the other."""
    for place, learner in enumerate(order):
        own = drawable(points.loc[points["learner"] == learner]).dropna(subset=["value"])
        for index, row in enumerate(rows_of(own)):
            draw_errors(axes, row, place + SEEDS_HEIGHT * ((index + 0.5) / len(own) - 0.5))
    axes.set_yticks(range(len(order)), [legend_label(learner) for learner in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def name_rows_inside(axes: Axes, order: list[str]) -> None:
    """Write the learners above their points, because beside the axes they would take the room of other panels."""
    axes.tick_params(axis="y", labelleft=False)
    axes.set_ylim(len(order) - 0.5, -0.5 - NAME_HEIGHT)
    for place, learner in enumerate(order):
        name = legend_label(learner, int(LETTERS_PER_INCH * column_width(axes)))
        left = axes.get_yaxis_transform()
        behind = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5}
        words = axes.text(0.02, place - NAME_HEIGHT, name, transform=left, ha="left", va="center", fontsize=6.5)
        words.set_bbox(behind)


def _annotate(axes: Axes, differences: pandas.DataFrame, order: list[str]) -> None:
    for row in rows_of(over_seeds(differences, ["learner"])):
        place = order.index(row.learner) + 0.42
        text = f"Δ {difference_text(row)}"
        axes.text(0.98, place, text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=6)


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    numbers = overlaid(shown, losses_numbers)
    return None if numbers is None else numbers.loc[numbers["quantity"] == LOSS].reset_index(drop=True)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_losses(axes, numbers, shown.config.training.loss)
    name_rows_inside(axes, in_order(numbers["learner"]))


LOSSES = Panel(
    "losses",
    "Final losses",
    _numbers,
    _draw,
    BASELINES,
    legend=no_legend,
    about=About("final losses of models, baselines and weights between them", "Figures 2 and 3", COMPARED),
    of_losses=True,
)
