"""Final losses of the model, the baselines and their interpolations, seed by seed, as rows of points."""

import pandas
from matplotlib.axes import Axes

from icl_cli.config import Loss
from icl_cli.report.curves import draw_errors, legend_label
from icl_cli.report.data import Family
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.learners import INTERPOLATED, MODEL, by_run, in_order
from icl_cli.report.panels.about import COMPARED, About
from icl_cli.report.panels.overlay import BASELINES, overlaid
from icl_cli.report.panels.panel import Panel, Shown, no_legend
from icl_cli.report.scales import column_width, drawable, is_wide, loss_axis, loss_label
from icl_cli.report.seeds import over_seeds
from icl_cli.report.style import SHADE
from icl_cli.report.wording import difference_text

LOSS, DIFFERENCE = "loss", "difference"
# Seeds of one learner lie this far apart, within a row of height 1.
SEEDS_HEIGHT = 0.4
# With more rows there is no room between them.
MOST_ANNOTATED = 6
# Within a row that holds its name too: its points so far below its middle, and the name above them, in points of print.
POINTS_BELOW, NAME_POINTS = 0.14, 6.5
# In a column so wide, in inches, names stand beside the axis, and the rows are lower.
NAMES_BESIDE = 4.0
# How many letters of a name an inch of the panel's column has room for.
LETTERS_PER_INCH = 14.5


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
    _loss_below(axes, points, loss)
    if annotate and len(order) <= MOST_ANNOTATED:
        _annotate(axes, numbers.loc[numbers["quantity"] == DIFFERENCE], order)


def _loss_below(axes: Axes, points: pandas.DataFrame, loss: Loss) -> None:
    """The horizontal axis of rows of losses."""
    loss_axis(axes, points, "x")
    if axes.get_xscale() == "linear":
        axes.locator_params(axis="x", nbins=5 if is_wide(axes) else 2)
        axes.tick_params(axis="x", labelsize=7.5 if is_wide(axes) else 6.5)
    axes.set_xlabel(loss_label(loss))


def draw_rows(axes: Axes, points: pandas.DataFrame, order: list[str], below: float = 0.0) -> None:
    """Draw the points of each learner in a row of its own, `below` its middle, the seeds one below the other."""
    for place, learner in enumerate(order):
        own = _drawn(points, learner)
        for index, row in enumerate(rows_of(own)):
            draw_errors(axes, row, place + below + SEEDS_HEIGHT * ((index + 0.5) / len(own) - 0.5))
    axes.set_yticks(range(len(order)), [legend_label(learner) for learner in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def _drawn(points: pandas.DataFrame, learner: str) -> pandas.DataFrame:
    """The points of a learner's row that an axis can hold."""
    return drawable(points.loc[points["learner"] == learner]).dropna(subset=["value"])


def draw_named_rows(axes: Axes, points: pandas.DataFrame, absent: str = "not finite") -> None:
    """A row of points a learner, a run's learners together, every second shaded so that names belong to their points.

    In narrow columns names stand above their points, as beside the axes they would take the room of these.
    A row without a point that could be drawn says `absent`.
    """
    order = by_run(points["learner"])
    for place in range(0, len(order), 2):
        axes.axhspan(place - 0.5, place + 0.5, color=SHADE, lw=0, zorder=0)
    for place, learner in enumerate(order):
        if _drawn(points, learner).empty:
            middle = axes.get_yaxis_transform()
            axes.text(0.5, place, absent, transform=middle, ha="center", va="center", fontsize=6.5, style="italic")
    if column_width(axes) >= NAMES_BESIDE:
        draw_rows(axes, points, order)
        return
    draw_rows(axes, points, order, POINTS_BELOW)
    axes.tick_params(axis="y", labelleft=False)
    _name_above(axes, points, order)


def _name_above(axes: Axes, points: pandas.DataFrame, order: list[str]) -> None:
    left = axes.get_yaxis_transform()
    for place, learner in enumerate(order):
        name = legend_label(learner, int(LETTERS_PER_INCH * column_width(axes)))
        rise = SEEDS_HEIGHT * (0.5 - 0.5 / max(1, len(_drawn(points, learner))))
        highest = (0.02, place + POINTS_BELOW - rise)
        looks = {"ha": "left", "va": "center", "fontsize": 6.5}
        axes.annotate(name, highest, (0, NAME_POINTS), xycoords=left, textcoords="offset points", **looks)


def _annotate(axes: Axes, differences: pandas.DataFrame, order: list[str]) -> None:
    for row in rows_of(over_seeds(differences, ["learner"])):
        place = order.index(row.learner) + 0.42
        text = f"Δ {difference_text(row)}"
        axes.text(0.98, place, text, transform=axes.get_yaxis_transform(), ha="right", va="center", fontsize=6)


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    numbers = overlaid(shown, losses_numbers)
    return None if numbers is None else numbers.loc[numbers["quantity"] == LOSS].reset_index(drop=True)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_named_rows(axes, numbers)
    _loss_below(axes, numbers, shown.config.training.loss)


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
