"""The density of the eigenvalues of XXᵀ over the tasks, before and after the first layer (Figure 13, A.10)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.curves import MARKERS_PER_CURVE, is_numbered, learner_looks, legend_label
from icl_cli.report.data import Family
from icl_cli.report.learners import MODEL, in_order
from icl_cli.report.panels.about import SEVERAL_LINEAR_LAYERS, About, analysed
from icl_cli.report.panels.overlay import curve_numbers, overlaid
from icl_cli.report.panels.panel import Panel, Shown
from icl_cli.report.scales import drawable

MOMENTS = ("before", "after")


def _family_numbers(family: Family) -> pandas.DataFrame | None:
    """The height of each bar, whose areas add up to 1: `before`, `after` and, of algorithms, by their names."""
    frames = []
    for moment in MOMENTS:
        own = curve_numbers(f"eigenvalues-{moment}", "eigenvalue")(family)
        if own is not None:
            frames.append(own.assign(learner=[moment if name == MODEL else name for name in own["learner"]]))
    return pandas.concat(frames, ignore_index=True) if frames else None


def _draw(axes: Axes, numbers: pandas.DataFrame, _: Shown) -> None:
    means = drawable(numbers.loc[numbers["seed"].isna()])
    for learner in in_order(means["learner"]):
        own = means.loc[means["learner"] == learner].sort_values("eigenvalue")
        looks = learner_looks(learner, markers=is_numbered(learner))
        x, height = own["eigenvalue"].to_numpy(float), own["value"].to_numpy(float)
        axes.fill_between(x, height, step="mid", color=looks["color"], alpha=0.15, lw=0)
        line = looks | {"linewidth": 1.1, "markevery": len(x) // MARKERS_PER_CURVE + 1}
        axes.step(x, height, where="mid", **line, label=legend_label(learner))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.02)
    axes.set_xlabel("eigenvalue λ of XXᵀ")
    axes.set_ylabel("density of eigenvalues")


EIGENVALUES = Panel(
    "eigenvalues",
    "Spread of eigenvalues",
    lambda shown: overlaid(shown, _family_numbers),
    _draw,
    about=About(
        "density of the eigenvalues of XXᵀ before and after the first layer",
        "Figure 13",
        analysed("curvature"),
        SEVERAL_LINEAR_LAYERS,
    ),
)
