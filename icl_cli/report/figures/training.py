"""The held-out loss over training, beside the losses of the baselines (Figure 2, first panel)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.data import Family
from icl_cli.report.figures.curves import draw_curves, draw_levels, legend_above
from icl_cli.report.figures.drawing import Drawing, FamilyFigure
from icl_cli.report.figures.scales import loss_axis, loss_label, steps_axis
from icl_cli.report.figures.wording import reading, values_text
from icl_cli.report.formatting import count
from icl_cli.report.learners import MODEL, in_order
from icl_cli.report.seeds import with_mean
from icl_cli.report.style import ONE_COLUMN, new_figure


def training(family: Family) -> Drawing | None:
    """The figure, or None without evaluations."""
    numbers = training_numbers(family)
    if numbers is None:
        return None
    figure = new_figure(ONE_COLUMN, 2.5)
    draw_training(figure.subplots(), numbers, family)
    legend_above(figure, numbers["learner"], markers=False)
    caption = f"{_final(family, numbers)} {reading(family)}"
    return Drawing(figure, numbers, caption, f"Line chart of the held-out loss. {_final(family, numbers)}")


def training_numbers(family: Family) -> pandas.DataFrame | None:
    """The loss of the model at each step and, without a step, that of each baseline."""
    evaluations = family.metrics.pivot_table(index=["seed", "step"], columns="name", values="value", dropna=False)
    if "held_out_loss" not in evaluations:
        return None
    evaluations = evaluations.reset_index().rename(
        columns={"held_out_loss": "value", "held_out_loss_standard_error": "standard_error"}
    )
    points = evaluations.assign(learner=MODEL).dropna(subset=["value"])
    return pandas.concat([with_mean(points, ["learner", "step"]), _levels(family)], ignore_index=True)


def draw_training(axes: Axes, numbers: pandas.DataFrame, family: Family) -> None:
    """Draw the panel."""
    draw_curves(axes, numbers.loc[numbers["step"].notna()], "step", markers=False)
    draw_levels(axes, numbers.loc[numbers["step"].isna()])
    steps_axis(axes, family.config.training.steps)
    # Of the curve only the seeds are drawn, of the levels only the errors.
    loss_axis(axes, numbers.assign(standard_error=numbers["standard_error"].where(numbers["step"].isna())))
    axes.set_ylabel(loss_label(family.config.training.loss))


def _levels(family: Family) -> pandas.DataFrame:
    losses = family.final_comparisons.query("measure == 'baseline_loss'").rename(columns={"baseline": "learner"})
    levels = with_mean(losses.assign(step=0), ["learner", "step"])
    levels = levels.loc[levels["seed"].isna()].assign(step=float("nan"))
    return levels.set_index("learner").loc[in_order(levels["learner"])].reset_index()


def _final(family: Family, numbers: pandas.DataFrame) -> str:
    steps = family.config.training.steps
    final = numbers.loc[numbers["seed"].notna() & (numbers["step"] == steps)]
    text = f"At step {steps}: {values_text(final)}, on {count(family.config.evaluation.tasks, 'held-out task')}."
    levels = numbers.loc[numbers["step"].isna()]
    if levels.empty:
        return f"{text} Not compared with any baseline yet."
    return f"{text} Horizontal lines with bands of ±2 s.e.: {values_text(levels)}, on the same tasks."


TRAINING = FamilyFigure("training", "Loss over training", training, measured_by=None)
