"""One layer applied again and again, each step damped by λ (Figures 1 and 10, Appendix A.6)."""

import numpy as np
import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.figures.curves import draw_curves
from icl_cli.report.figures.drawing import Drawing, FamilyFigure
from icl_cli.report.figures.scales import drawable, log_axis, loss_label
from icl_cli.report.figures.wording import reading, values_text
from icl_cli.report.formatting import count
from icl_cli.report.seeds import with_mean
from icl_cli.report.style import ONE_COLUMN, new_figure

PREFIX = "roll-out-"
# A diverging curve leaves the panel at this multiple of the loss before the first step.
LARGEST_FACTOR = 3.0
EARLY_STEP = 10


def roll_out(family: Family) -> Drawing | None:
    """The figure, one panel a damping, or None where none was measured."""
    points = family.curves.loc[family.curves["kind"].str.startswith(PREFIX)].rename(columns={"x": "applications"})
    if points.empty:
        return None
    numbers = with_mean(points, ["kind", "learner", "applications"])
    kinds = list(numbers["kind"].unique())
    figure = new_figure(ONE_COLUMN, 2.3 * len(kinds) + 0.1)
    for axes, kind in zip(figure.subplots(len(kinds), 1, squeeze=False).flatten(), kinds, strict=True):
        _draw(axes, numbers.loc[numbers["kind"] == kind], family)
    summary = " ".join(_sentence(numbers, kind) for kind in kinds)
    caption = f"The layer applied up to {numbers['applications'].max():g} times. {summary} {reading(family)}"
    return Drawing(figure, numbers, caption, f"Line chart of the loss over applications. {summary}")


def _draw(axes: Axes, numbers: pandas.DataFrame, family: Family) -> None:
    draw_curves(axes, numbers, "applications")
    values = drawable(numbers)["value"].to_numpy(float)
    start = np.nanmax(values[numbers["applications"].to_numpy(float) == 0])
    log_axis(axes, np.minimum(values, LARGEST_FACTOR * start))
    axes.margins(x=0.02)
    axes.set_xlabel(f"applications of the layer, λ = {_damping(numbers['kind'].iloc[0])}")
    axes.set_ylabel(loss_label(family.config.training.loss))
    axes.legend(loc="best")


def _sentence(numbers: pandas.DataFrame, kind: str) -> str:
    own = numbers.loc[(numbers["kind"] == kind) & numbers["seed"].notna()]
    last = own["applications"].max()
    at = {step: values_text(own.loc[own["applications"] == step]) for step in (min(EARLY_STEP, last), last)}
    text = "; ".join(f"after {step:g}: {words}" for step, words in at.items())
    broken = own[~np.isfinite(own["value"].to_numpy(float))]["seed"].nunique()
    lost = f" For {count(broken, 'seed')} the loss becomes too large to be a number, and there the mean ends."
    return f"With λ = {_damping(kind)}, {text}.{lost if broken else ''}"


def _damping(kind: str) -> str:
    return kind.removeprefix(PREFIX)


ROLL_OUT = FamilyFigure("roll-out", "Rolled out", roll_out, measured_by=())
