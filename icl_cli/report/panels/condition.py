"""The condition number of XXᵀ after x ← (I − γ XXᵀ) x, over γ (Figure 13, Appendix A.10)."""

import numpy as np
import pandas
from matplotlib.axes import Axes

from icl_cli.report.curves import draw_across, draw_curves
from icl_cli.report.data import Family
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.panels.about import SEVERAL_LINEAR_LAYERS, About, analysed
from icl_cli.report.panels.overlay import curve_numbers, overlaid
from icl_cli.report.panels.panel import Panel, Shown
from icl_cli.report.scales import drawable, log_axis
from icl_cli.report.seeds import with_mean

RATE, CONDITION_NUMBER = "curvature-rate", "condition-number"
# Beyond its optimum the condition number explodes: a panel reaches this many times the one at its left end.
LARGEST_FACTOR = 30.0


def rate_numbers(family: Family) -> pandas.DataFrame | None:
    """γ of the model, seed by seed, and of the tuned algorithms."""
    points = family.curves.loc[family.curves["kind"] == RATE]
    return None if points.empty else with_mean(points, ["learner"])


def _family_numbers(family: Family) -> pandas.DataFrame | None:
    curves, rates = curve_numbers(CONDITION_NUMBER, "gamma")(family), rate_numbers(family)
    if curves is None:
        return None
    frames = [curves.assign(quantity=CONDITION_NUMBER)] + ([] if rates is None else [rates.assign(quantity=RATE)])
    return pandas.concat(frames, ignore_index=True)


def _draw(axes: Axes, numbers: pandas.DataFrame, _: Shown) -> None:
    curves = drawable(numbers.loc[numbers["quantity"] == CONDITION_NUMBER])
    draw_curves(axes, curves, "gamma")
    values = curves["value"].to_numpy(float)
    first = values[curves["gamma"].to_numpy(float) == curves["gamma"].min()]
    log_axis(axes, np.minimum(values, LARGEST_FACTOR * np.nanmax(first)))
    rates = drawable(numbers.loc[(numbers["quantity"] == RATE) & numbers["seed"].isna()]).dropna(subset=["value"])
    for row in rows_of(rates):
        draw_across(axes, row.value, row.learner, vertical=True)
    axes.margins(x=0.02)
    axes.set_xlabel("γ; vertical: of layer 1, tuned")
    axes.set_ylabel("condition number κ")


CONDITION = Panel(
    "condition",
    "Condition number",
    lambda shown: overlaid(shown, _family_numbers),
    _draw,
    about=About(
        "condition number of XXᵀ after x ← (I − γXXᵀ)x, over γ",
        "Figure 13",
        analysed("curvature"),
        SEVERAL_LINEAR_LAYERS,
    ),
    rescales=True,
)
