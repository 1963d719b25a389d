"""Curves of learners with their seeds, the way every figure draws them.

The numbers of a panel are one frame: `learner`, the horizontal column, `seed` (missing for the mean over seeds),
`value`, `lowest`, `highest`, ... Panels draw from that frame and nothing else; it is what the CSV file holds.
"""

from typing import Any

import numpy as np
import pandas
from matplotlib.axes import Axes

from icl_cli.report.frame_rows import rows_of
from icl_cli.report.labels import drawable_text, without_formulas
from icl_cli.report.learners import MODEL, LineStyle, in_order, learner_style, parts
from icl_cli.report.scales import drawable

BAND_OPACITY = 0.18
SEED_OPACITY = 0.45
MARKERS_PER_CURVE = 6
# Of a horizontal line, its two ends without markers.
LEVEL_POINTS = 6
MODEL_WIDTH, NUMBERED_WIDTH, WIDTH = 2.4, 1.6, 1.2
LONGEST_LABEL = 56


def draw_curves(
    axes: Axes,
    numbers: pandas.DataFrame,
    x: str,
    line: LineStyle | None = None,
    markers: bool = True,
    every_point: bool = False,
) -> None:
    """For each learner a band from the lowest to the highest seed, the seeds thin and their mean thick.

    `line` replaces the learners' own line styles, where these tell something else apart; `every_point` marks each.
    """
    numbers = drawable(numbers)
    learners = in_order(numbers["learner"])
    for index, learner in enumerate(learners):
        own = numbers.loc[numbers["learner"] == learner]
        mean = own.loc[own["seed"].isna()]
        # Of a baseline all seeds are the same, and their thin lines would fill the gaps of its dashes.
        if (mean["highest"] > mean["lowest"]).any():
            _draw_seeds(axes, own.loc[own["seed"].notna()], mean, x, learner_style(learner).color)
        # Markers at different places tell curves apart that coincide, as they do when the paper's claim holds.
        every = max(len(learners), len(mean) // MARKERS_PER_CURVE)
        marked = (0, 1) if every_point else (index, every)
        looks = learner_looks(learner, line, markers)
        if every_point and not learner_style(learner).filled:
            # At the same places an open marker shows the one below it.
            looks["markerfacecolor"] = "none"
        axes.plot(mean[x], mean["value"], **looks, markevery=marked, label=legend_label(learner))


def draw_levels(axes: Axes, levels: pandas.DataFrame) -> None:
    """A horizontal line for each learner, with a band of two standard errors on either side."""
    for row in rows_of(drawable(levels).dropna(subset=["value"])):
        style = learner_style(row.learner)
        reach = 2 * row.standard_error
        axes.axhspan(row.value - reach, row.value + reach, color=style.color, alpha=0.1, lw=0)
        draw_across(axes, row.value, row.learner)


def draw_across(axes: Axes, value: float, learner: str, vertical: bool = False) -> None:
    """A learner's straight line from one end of the axes to the other, without a part in their limits along itself.

    Where several runs are shown, markers say whose it is.
    """
    across, level = np.linspace(0, 1, LEVEL_POINTS), np.full(LEVEL_POINTS, value)
    looks = learner_looks(learner, markers=is_numbered(learner)) | {"linewidth": WIDTH}
    inner = slice(1, LEVEL_POINTS - 1)
    if vertical:
        place = {"transform": axes.get_xaxis_transform(), "scaley": False}
        axes.plot(level, across, **looks, **place, markevery=inner, label=legend_label(learner))
    else:
        place = {"transform": axes.get_yaxis_transform(), "scalex": False}
        axes.plot(across, level, **looks, **place, markevery=inner, label=legend_label(learner))


def is_numbered(learner: str) -> bool:
    """Whether it is the learner of one of several runs."""
    return parts(learner).number is not None


def legend_label(learner: str, longest: int = LONGEST_LABEL) -> str:
    """What a figure calls a learner, in at most so many characters, all of which it can show."""
    text = without_formulas(drawable_text(learner_style(learner).label, longest))
    # matplotlib leaves out labels that begin with an underscore.
    return f" {text}" if text.startswith("_") else text


def draw_errors(axes: Axes, row: Any, position: float) -> None:
    """One point of a learner with two standard errors on either side; `row` has learner, value and standard_error."""
    style = learner_style(row.learner)
    axes.errorbar(
        [row.value],
        [position],
        xerr=np.nan_to_num([2 * row.standard_error]),
        color=style.color,
        marker=style.marker,
        markerfacecolor=style.color if style.filled else "white",
        markersize=4,
        linewidth=0,
        elinewidth=1.0,
        capsize=1.5,
    )


def _draw_seeds(axes: Axes, seeds: pandas.DataFrame, mean: pandas.DataFrame, x: str, color: str) -> None:
    axes.fill_between(mean[x], mean["lowest"], mean["highest"], color=color, alpha=BAND_OPACITY, lw=0)
    for _, one in seeds.groupby("seed"):
        axes.plot(one[x], one["value"], color=color, lw=0.5, alpha=SEED_OPACITY, label="_seed")


def learner_looks(learner: str, line: LineStyle | None = None, markers: bool = True) -> dict[str, Any]:
    """How matplotlib draws the line of a learner."""
    style = learner_style(learner)
    return {
        "color": style.color,
        "linewidth": _width(learner),
        "linestyle": line or style.line,
        "marker": style.marker if markers else "none",
        "markerfacecolor": style.color if style.filled else "white",
        "markeredgewidth": 0.8,
    }


def _width(learner: str) -> float:
    """Wide for models, so that they are seen beneath the curves that lie on them."""
    kind, number, _ = parts(learner)
    return WIDTH if kind != MODEL else MODEL_WIDTH if number is None else NUMBERED_WIDTH
