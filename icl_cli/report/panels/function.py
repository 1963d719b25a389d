"""What models make of one sine wave, before or after its context is learned from (Figure 4): one task, one seed."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.curves import learner_looks, legend_label
from icl_cli.report.learners import DATA, MODEL, in_order
from icl_cli.report.panels.about import About
from icl_cli.report.panels.panel import Option, Panel, Series, Shown
from icl_cli.report.scales import drawable

CONTEXT, TARGET = "function-context", "function-target"


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    """The functions of every series; of the task, which is the same for all, that of the first."""
    frames: list[pandas.DataFrame] = []
    seen: set[str] = set()
    for series in shown.series:
        own = _series_numbers(series, shown.options["stage"])
        frames.append(own.loc[~own["learner"].isin(list(seen))])
        seen |= set(own["learner"])
    numbers = pandas.concat(frames, ignore_index=True)
    return numbers if numbers["kind"].str.endswith(shown.options["stage"]).any() else None


def _series_numbers(series: Series, stage: str) -> pandas.DataFrame:
    curves = series.family.curves
    own = curves.loc[curves["kind"].isin([f"function-{stage}", CONTEXT, TARGET])]
    own = own.loc[own["seed"] == own["seed"].min(), ["kind", "learner", "seed", "x", "value"]]
    names = {CONTEXT: DATA, TARGET: "target"}
    learners = [
        names.get(kind, series.learner(learner) if learner in (MODEL, *series.others) else learner)
        for kind, learner in zip(own["kind"], own["learner"], strict=True)
    ]
    return own.assign(learner=learners, run=series.text)


def _draw(axes: Axes, numbers: pandas.DataFrame, _: Shown) -> None:
    for learner in in_order(numbers["learner"]):
        own = drawable(numbers.loc[numbers["learner"] == learner]).sort_values("x")
        looks = learner_looks(learner, line="none" if learner == DATA else None, markers=learner == DATA)
        axes.plot(own["x"], own["value"], **looks, label=legend_label(learner))
    axes.margins(x=0.02)
    axes.set_xlabel("x")
    axes.set_ylabel("y")


FUNCTION = Panel(
    "function",
    "Function",
    _numbers,
    _draw,
    {"stage": Option("final", choices=("initial", "final"))},
    about=About(
        "what models make of one sine wave, beside the truth", "Figure 4", ("compare", "--with", "RUN"), "sine tasks"
    ),
)
