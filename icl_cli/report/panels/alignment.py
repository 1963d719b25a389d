"""Over training, how alike model and algorithm become: predictions, sensitivities and their cosine (section 3)."""

from collections.abc import Mapping
from typing import Any

import pandas
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from icl_cli.report.curves import draw_curves
from icl_cli.report.data import Family
from icl_cli.report.learners import MODEL, LineStyle, in_order, learner_style, parts
from icl_cli.report.panels.about import COMPARED_OVER_TRAINING, About
from icl_cli.report.panels.overlay import BASELINES
from icl_cli.report.panels.panel import Panel, Series, Shown
from icl_cli.report.scales import drawable, log_axis, raise_top, steps_axis
from icl_cli.report.seeds import with_mean
from icl_cli.report.style import INK

COSINE = "cosine"
# Of baselines, in letters, that an axis has room for beside what it measures.
LONGEST_NAMES = 14
DIFFERENCES = {
    "prediction_difference": ("|Δŷ|", "-"),
    "model_difference": ("|Δ∂ŷ/∂x|", (0, (4, 1.5))),
}
ABOVE: Mapping[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1, 1), "ncols": 2}
# Within the axes: what part of their height stays free for the legend above the curves.
WITHIN: Mapping[str, Any] = {"loc": "upper right", "ncols": 2, "handlelength": 1.8, "columnspacing": 0.8}
LEGEND_SHARE = 0.2


def alignment_numbers(family: Family) -> pandas.DataFrame | None:
    """The three measures by baseline and step, where a baseline was compared at more than one."""
    measured = family.comparisons.loc[family.comparisons["measure"].isin([*DIFFERENCES, COSINE])]
    often = measured.groupby("baseline")["step"].transform("nunique") > 1
    points = measured.loc[often].rename(columns={"baseline": "learner"})
    if points.empty:
        return None
    # A seed that was compared at its last step alone would make the mean jump there.
    everywhere = points.groupby(["learner", "seed"])["step"].transform("nunique") > 1
    return with_mean(points.loc[everywhere], ["measure", "learner", "step"])


def draw_differences(axes: Axes, numbers: pandas.DataFrame, steps: int) -> None:
    """Draw the distances of predictions and of sensitivities, which line styles tell apart: `measures_legend`."""
    for measure, (_, line) in DIFFERENCES.items():
        draw_curves(axes, numbers.loc[numbers["measure"] == measure], "step", line)
    differences = drawable(numbers.loc[numbers["measure"].isin(list(DIFFERENCES))])
    log_axis(axes, differences["value"].to_numpy(float))
    steps_axis(axes, steps)
    axes.set_ylabel("difference")


def measures_legend(axes: Axes, **place: Any) -> None:
    """Say which line is which measure."""
    handles = [Line2D([], [], color=INK, linestyle=line, label=label) for label, line in DIFFERENCES.values()]
    axes.legend(handles=handles, borderaxespad=0, borderpad=0.2, **place)


def draw_cosines(axes: Axes, numbers: pandas.DataFrame, steps: int, line: LineStyle | None = None) -> None:
    """Draw the cosines of the sensitivities; `line` as in `draw_curves`."""
    cosines = numbers.loc[numbers["measure"] == COSINE]
    draw_curves(axes, cosines, "step", line)
    steps_axis(axes, steps)
    axes.set_ylim(min(0.0, cosines["value"].min()) - 0.03, 1.03)
    axes.set_ylabel("cosine similarity")


def _numbers(shown: Shown, measures: list[str]) -> pandas.DataFrame | None:
    """The measures of every series; each learner is what the model is compared with."""
    frames = []
    for series in shown.series:
        own = alignment_numbers(series.family)
        if own is not None:
            wanted = shown.options["baselines"] or list(own["learner"].unique())
            kept = own["measure"].isin(measures) & own["learner"].isin(wanted)
            frames.append(_named(own.loc[kept], series, shown))
    numbers = pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame()
    return None if numbers.empty else numbers


def _named(numbers: pandas.DataFrame, series: Series, shown: Shown) -> pandas.DataFrame:
    """Several models that are compared with one baseline each are told apart as models, not as baselines."""
    single = len(numbers["learner"].unique()) == 1 and series.number is not None
    names = [shown.learner(series, MODEL if single else name) for name in numbers["learner"]]
    return numbers.assign(baseline=numbers["learner"], learner=names, run=series.text)


def _draw_differences(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_differences(axes, numbers, shown.steps)
    raise_top(axes, LEGEND_SHARE)
    measures_legend(axes, **WITHIN)
    axes.set_ylabel(f"difference{_to(numbers)}")


def _draw_cosines(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_cosines(axes, numbers, shown.steps)
    axes.set_ylabel(f"cosine similarity{_to(numbers)}")


def _to(numbers: pandas.DataFrame) -> str:
    """Which baseline, where the curves' colours say which model instead; no name that is too long for an axis."""
    models = all(parts(name).kind == MODEL for name in numbers["learner"])
    names = ", ".join(learner_style(name).label for name in in_order(numbers["baseline"]))
    return f" to {names}" if models and len(names) <= LONGEST_NAMES else ""


ALIGNMENT = Panel(
    "alignment",
    "Distance",
    lambda shown: _numbers(shown, list(DIFFERENCES)),
    _draw_differences,
    BASELINES,
    about=About(
        "distance of predictions and of sensitivities from a baseline's, over training",
        "Figures 2 and 3",
        COMPARED_OVER_TRAINING,
    ),
    rescales=True,
    takes_one_baseline=True,
)
COSINES = Panel(
    "cosine",
    "Alignment",
    lambda shown: _numbers(shown, [COSINE]),
    _draw_cosines,
    BASELINES,
    about=About(
        "cosine of the sensitivities with a baseline's, over training", "Figures 2 and 3", COMPARED_OVER_TRAINING
    ),
)
