"""Across families: the final loss of each model beside its baselines."""

import pandas
from matplotlib.axes import Axes

from icl_cli.config import Loss
from icl_cli.report.curves import draw_errors
from icl_cli.report.data import Data, Family
from icl_cli.report.drawing import DataFigure, Drawing
from icl_cli.report.figures.losses import LOSS, losses_numbers
from icl_cli.report.formatting import count
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.labels import family_label, family_titles
from icl_cli.report.learners import MODEL, in_order
from icl_cli.report.legends import legend_above
from icl_cli.report.scales import drawable, loss_axis, loss_label
from icl_cli.report.seeds import over_seeds
from icl_cli.report.style import TWO_COLUMNS, new_figure
from icl_cli.report.wording import value_text


def overview(data: Data) -> Drawing | None:
    """The figure, or None for fewer than two families with finished runs. One panel a loss convention."""
    finished = [family for family in data.families if family.finished]
    numbers = _numbers(finished)
    if len(finished) < 2 or numbers is None:
        return None
    by_loss: dict[Loss, list[Family]] = {}
    for family in finished:
        by_loss.setdefault(family.config.training.loss, []).append(family)
    sizes = [len(families) for families in by_loss.values()]
    figure = new_figure(TWO_COLUMNS, 0.6 * len(sizes) + 0.4 + 0.42 * sum(sizes))
    panels = figure.subplots(len(sizes), 1, squeeze=False, height_ratios=sizes).flatten()
    for axes, (loss, families) in zip(panels, by_loss.items(), strict=True):
        _draw(axes, numbers, families, loss)
    legend_above(figure, numbers["learner"], line="none")
    caption = _caption(numbers)
    return Drawing(figure, numbers, caption, f"Dot plot. {caption}")


def _numbers(families: list[Family]) -> pandas.DataFrame | None:
    """Means over seeds, by family and learner."""
    frames = []
    for family in families:
        losses = _family_losses(family)
        means = over_seeds(losses, ["learner"])
        frames.append(means.assign(family=family.short_id))
    return pandas.concat(frames, ignore_index=True) if frames else None


def _family_losses(family: Family) -> pandas.DataFrame:
    """The summaries, which every finished run has, for the model; the comparisons for the baselines."""
    own = [
        {"learner": MODEL, "value": summary.value, "standard_error": summary.standard_error}
        for run in family.finished
        for summary in family.summaries[run.id]
        if summary.name == "held_out_loss"
    ]
    model = pandas.DataFrame(own, columns=["learner", "value", "standard_error"])
    compared = losses_numbers(family)
    if compared is None:
        return model
    baselines = compared["learner"].isin(list(family.baselines)) & (compared["quantity"] == LOSS)
    return pandas.concat([model, compared.loc[baselines, list(model)]], ignore_index=True)


def _draw(axes: Axes, numbers: pandas.DataFrame, families: list[Family], loss: Loss) -> None:
    own = numbers.loc[numbers["family"].isin([family.short_id for family in families])]
    shown = drawable(own).dropna(subset=["value"])
    for place, family in enumerate(families):
        own = shown.loc[shown["family"] == family.short_id].set_index("learner")
        # The model last and on top: it is what the eye should find first.
        order = in_order(own.index)[::-1]
        for index, learner in enumerate(order):
            row = own.reset_index().set_index("learner", drop=False).loc[learner]
            draw_errors(axes, row, place + 0.5 * ((index + 0.5) / len(order) - 0.5))
    labels = [family_label(family, title) for family, title in zip(families, family_titles(families), strict=True)]
    axes.set_yticks(range(len(families)), labels, parse_math=False)
    axes.set_ylim(len(families) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    loss_axis(axes, shown, "x")
    axes.set_xlabel(loss_label(loss))


def _caption(numbers: pandas.DataFrame) -> str:
    model = numbers.loc[numbers["learner"] == MODEL]
    words = "; ".join(f"{row.family} {value_text(row)}" for row in rows_of(model))
    return (
        f"Means over seeds with ±2 Monte-Carlo s.e., {count(len(model), 'configuration')}. "
        f"Trained transformers by family: {words}."
    )


OVERVIEW = DataFigure(
    "overview",
    "Final losses of all families",
    overview,
    shows="final losses of all configurations, a row each",
    paper="–",
)
