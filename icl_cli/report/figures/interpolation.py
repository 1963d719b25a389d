"""The loss of weights between trained and constructed ones (Appendix A.3): flat if both are the same algorithm."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.figures.curves import draw_curves, legend_above
from icl_cli.report.figures.drawing import Drawing, FamilyFigure
from icl_cli.report.figures.scales import loss_axis, loss_label
from icl_cli.report.figures.wording import reading, values_text
from icl_cli.report.seeds import with_mean
from icl_cli.report.style import ONE_COLUMN, new_figure


def interpolation(family: Family) -> Drawing | None:
    """The figure, or None where weights cannot be paired or were not compared."""
    points = family.curves.loc[family.curves["kind"] == "interpolation"].rename(columns={"x": "t"})
    if points.empty:
        return None
    numbers = with_mean(points, ["learner", "t"])
    figure = new_figure(ONE_COLUMN, 2.4)
    _draw(figure.subplots(), numbers, family)
    legend_above(figure, numbers["learner"])
    middle = f"At t = ½: {values_text(points.loc[points['t'] == 0.5])}."
    caption = (
        f"Loss of (1 − t) · trained + t · constructed W_KQ and W_PV, after the trained ones were rescaled. "
        f"{middle} {reading(family)}"
    )
    return Drawing(figure, numbers, caption, f"Line chart of the loss over t. {middle}")


def _draw(axes: Axes, numbers: pandas.DataFrame, family: Family) -> None:
    draw_curves(axes, numbers, "t")
    loss_axis(axes, numbers.drop(columns="standard_error"))
    axes.margins(x=0.02)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0\ntrained", "¼", "½", "¾", "1\nconstructed"])
    axes.set_xlabel("t")
    axes.set_ylabel(loss_label(family.config.training.loss))


INTERPOLATION = FamilyFigure("interpolation", "Interpolated weights", interpolation, measured_by=())
