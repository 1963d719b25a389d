"""The held-out loss over training, beside the losses of the baselines."""

import pandas

from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.formatting import count
from icl_cli.report.legends import legend_above
from icl_cli.report.panels.loss import draw_loss, loss_numbers
from icl_cli.report.style import ONE_COLUMN, new_figure
from icl_cli.report.wording import reading, values_text


def training(family: Family) -> Drawing | None:
    """The figure, or None without evaluations."""
    numbers = loss_numbers(family)
    if numbers is None:
        return None
    figure = new_figure(ONE_COLUMN, 2.5)
    draw_loss(figure.subplots(), numbers, family.config.training.steps, family.config.training.loss)
    legend_above(figure, numbers["learner"], markers=False)
    caption = f"{_final(family, numbers)} {reading(numbers, family)}"
    return Drawing(figure, numbers, caption, f"Line chart of the held-out loss. {_final(family, numbers)}")


def _final(family: Family, numbers: pandas.DataFrame) -> str:
    steps = family.config.training.steps
    final = numbers.loc[numbers["seed"].notna() & (numbers["step"] == steps)]
    text = f"At step {steps}: {values_text(final)}, on {count(family.config.evaluation.tasks, 'held-out task')}."
    levels = numbers.loc[numbers["step"].isna()]
    if levels.empty:
        return f"{text} Not compared with any baseline yet."
    return f"{text} Horizontal lines with bands of ±2 s.e.: {values_text(levels)}, on the same tasks."


TRAINING = FamilyFigure(
    "training",
    "Loss over training",
    training,
    measured_by=None,
    shows="held-out loss over training, with the baselines' losses",
    paper="Figure 2",
)
