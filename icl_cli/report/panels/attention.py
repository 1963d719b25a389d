"""What every token attends to in one layer and head: a row a token, a column a source; the mean over tasks."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.panels.about import About, analysed
from icl_cli.report.panels.heat_map import add_colour_bar, draw_heat_map, matrix_of, place_text, symmetric_norm
from icl_cli.report.panels.panel import Option, Panel, Shown, no_legend
from icl_cli.sweeps.attention_points import attention_kind


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    """The map of the first seed of the first of the runs named."""
    curves = shown.series[0].family.curves
    points = curves.loc[curves["kind"] == attention_kind(shown.options["layer"], shown.options["head"])]
    if points.empty:
        return None
    first = points.loc[points["seed"] == points["seed"].min()]
    tokens = first["learner"].str.removeprefix("token ").astype(int)
    entries = pandas.DataFrame({"row": tokens, "column": first["x"].astype(int), "value": first["value"]})
    return entries.assign(**shown.options, seed=first["seed"], run=shown.series[0].text).sort_values(["row", "column"])


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    matrix = matrix_of(numbers)
    norm = symmetric_norm([matrix])
    draw_heat_map(axes, matrix, norm)
    add_colour_bar(axes, norm)
    rows, columns = matrix.shape
    axes.set_xticks([0, columns - 1], ["1", str(columns)])
    axes.set_yticks([0, rows - 1], ["1", str(rows)])
    where = place_text(shown.config, shown.options["layer"], shown.options["head"])
    axes.set(xlabel=f"source{where}", ylabel="token")


ATTENTION = Panel(
    "attention",
    "Attention",
    _numbers,
    _draw,
    {"layer": Option(1, smallest=1), "head": Option(1, smallest=1)},
    overlays=False,
    legend=no_legend,
    about=About("what every token attends to, mean over tasks", "Figure 5", analysed("attention"), "short contexts"),
    takes="one",
    is_map=True,
)
