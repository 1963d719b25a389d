"""The loss of weights between trained and constructed ones (Appendix A.3), for one family."""

from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.legends import legend_above
from icl_cli.report.panels.interpolation import draw_interpolation, interpolation_numbers
from icl_cli.report.style import ONE_COLUMN, new_figure
from icl_cli.report.wording import reading, values_text


def interpolation(family: Family) -> Drawing | None:
    """The figure, or None where weights cannot be paired or were not compared."""
    numbers = interpolation_numbers(family)
    if numbers is None:
        return None
    figure = new_figure(ONE_COLUMN, 2.4)
    draw_interpolation(figure.subplots(), numbers, family.config.training.loss)
    legend_above(figure, numbers["learner"])
    middle = f"At t = ½: {values_text(numbers.loc[(numbers['t'] == 0.5) & numbers['seed'].notna()])}."
    caption = (
        f"Loss of (1 − t) · trained + t · constructed W_KQ and W_PV, after the trained ones were rescaled. "
        f"{middle} {reading(numbers, family)}"
    )
    return Drawing(figure, numbers, caption, f"Line chart of the loss over t. {middle}")


INTERPOLATION = FamilyFigure(
    "interpolation",
    "Interpolated weights",
    interpolation,
    measured_by=(),
    shows="loss of weights between trained and constructed ones",
    paper="Appendix A.3",
)
