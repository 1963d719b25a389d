"""One layer applied again and again, each step damped by λ (Figures 1 and 10, Appendix A.6)."""

import numpy as np
import pandas

from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.formatting import count
from icl_cli.report.legends import legend_above
from icl_cli.report.panels.roll_out import PREFIX, draw_roll_out
from icl_cli.report.seeds import with_mean
from icl_cli.report.style import ONE_COLUMN, new_figure
from icl_cli.report.wording import reading, values_text

EARLY_STEP = 10


def roll_out(family: Family) -> Drawing | None:
    """The figure, one panel a damping, or None where none was measured."""
    points = family.curves.loc[family.curves["kind"].str.startswith(PREFIX)].rename(columns={"x": "applications"})
    if points.empty:
        return None
    numbers = with_mean(points, ["kind", "learner", "applications"])
    kinds = list(numbers["kind"].unique())
    figure = new_figure(ONE_COLUMN, 2.1 * len(kinds) + 0.4)
    for axes, kind in zip(figure.subplots(len(kinds), 1, squeeze=False).flatten(), kinds, strict=True):
        own = numbers.loc[numbers["kind"] == kind]
        draw_roll_out(axes, own, kind.removeprefix(PREFIX), family.config.training.loss)
    legend_above(figure, numbers["learner"])
    summary = " ".join(_sentence(numbers, kind) for kind in kinds)
    caption = f"The layer applied up to {numbers['applications'].max():g} times. {summary} {reading(numbers, family)}"
    return Drawing(figure, numbers, caption, f"Line chart of the loss over applications. {summary}")


def _sentence(numbers: pandas.DataFrame, kind: str) -> str:
    own = numbers.loc[(numbers["kind"] == kind) & numbers["seed"].notna()]
    last = own["applications"].max()
    at = {step: values_text(own.loc[own["applications"] == step]) for step in (min(EARLY_STEP, last), last)}
    text = "; ".join(f"after {step:g}: {words}" for step, words in at.items())
    broken = own[~np.isfinite(own["value"].to_numpy(float))]["seed"].nunique()
    lost = f" For {count(broken, 'seed')} the loss becomes too large to be a number, and there the mean ends."
    return f"With λ = {kind.removeprefix(PREFIX)}, {text}.{lost if broken else ''}"


ROLL_OUT = FamilyFigure(
    "roll-out",
    "Rolled out",
    roll_out,
    measured_by=(),
    shows="one layer applied again and again, one panel a damping λ",
    paper="Figures 1 and 10",
)
