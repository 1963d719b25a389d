"""The loss over training, beside the losses of the baselines (Figure 2, first panel)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.config import Loss
from icl_cli.report.curves import draw_curves, draw_levels, is_numbered
from icl_cli.report.data import Family
from icl_cli.report.learners import MODEL, TRAINING, in_order
from icl_cli.report.panels.about import About
from icl_cli.report.panels.overlay import BASELINES, overlaid
from icl_cli.report.panels.panel import Option, Panel, Shown
from icl_cli.report.scales import drawable, log_axis, loss_axis, loss_label, steps_axis
from icl_cli.report.seeds import with_mean


def loss_numbers(family: Family) -> pandas.DataFrame | None:
    """The held-out loss of the model at each step and, without a step, that of each baseline."""
    points = _evaluations(family, "held_out_loss")
    if points is None:
        return None
    model = with_mean(points.assign(learner=MODEL), ["learner", "step"])
    return pandas.concat([model, baseline_levels(family)], ignore_index=True)


def baseline_levels(family: Family) -> pandas.DataFrame:
    """The loss of each baseline, in the order of legends."""
    losses = family.final_comparisons.query("measure == 'baseline_loss'").rename(columns={"baseline": "learner"})
    levels = with_mean(losses.assign(step=0), ["learner", "step"])
    levels = levels.loc[levels["seed"].isna()].assign(step=float("nan"))
    return levels.set_index("learner").loc[in_order(levels["learner"])].reset_index()


def draw_loss(axes: Axes, numbers: pandas.DataFrame, steps: int, loss: Loss) -> None:
    """Draw the curves of the models and the levels of the baselines."""
    # The levels of baselines say by their markers whose they are, where there are several runs.
    several = bool(numbers["learner"].map(is_numbered).any())
    draw_curves(axes, numbers.loc[numbers["step"].notna()], "step", markers=several)
    draw_levels(axes, numbers.loc[numbers["step"].isna()])
    steps_axis(axes, steps)
    # Of the curve only the seeds are drawn, of the levels only the errors.
    loss_axis(axes, numbers.assign(standard_error=numbers["standard_error"].where(numbers["step"].isna())))
    axes.set_ylabel(loss_label(loss))


def _evaluations(family: Family, name: str) -> pandas.DataFrame | None:
    """One loss over training: seed, step, value and standard_error, which is missing where it was not measured."""
    table = family.metrics.pivot_table(index=["seed", "step"], columns="name", values="value", dropna=False)
    if name not in table:
        return None
    table = table.reindex(columns=[name, f"{name}_standard_error"]).reset_index()
    return table.set_axis(["seed", "step", "value", "standard_error"], axis=1).dropna(subset=["value"])


def _with_training(family: Family) -> pandas.DataFrame | None:
    held_out, training = loss_numbers(family), _evaluations(family, "training_loss")
    if held_out is None or training is None:
        return held_out
    return pandas.concat(
        [held_out, with_mean(training.assign(learner=TRAINING), ["learner", "step"])], ignore_index=True
    )


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    return overlaid(shown, _with_training if shown.options["training"] else loss_numbers)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    draw_loss(axes, numbers, shown.steps, shown.config.training.loss)
    if shown.options["log"]:
        log_axis(axes, drawable(numbers)["value"].to_numpy(float))


LOSS = Panel(
    "loss",
    "Loss over training",
    _numbers,
    _draw,
    BASELINES | {"log": Option(default=False), "training": Option(default=False)},
    about=About("held-out loss over training, beside the baselines' losses", "Figures 2, 3 and 7"),
    of_losses=True,
    rescales=True,
)
