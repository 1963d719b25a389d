"""Heat maps of W_KQ or W_PV of one layer and head (Figure 9, Appendix A.4)."""

import pandas
from matplotlib.axes import Axes

from icl_cli.report.panels.about import About
from icl_cli.report.panels.heat_map import (
    add_colour_bar,
    draw_heat_map,
    mark_entries,
    matrix_numbers,
    matrix_of,
    place_text,
    symmetric_norm,
)
from icl_cli.report.panels.panel import Option, Panel, Shown, no_legend

# Options: the field of `LayerProducts` and the symbol.
MATRICES = {
    "key-query": ("key_query", r"$W_\mathrm{KQ}$"),
    "projection-value": ("projection_value", r"$W_\mathrm{PV}$"),
}


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    """The entries of the matrix, of the first of the runs named and of its first seed."""
    weights = shown.series[0].family.weights
    place = (shown.options["layer"], shown.options["head"])
    found = [one for one in weights.products if (one.layer + 1, one.head + 1) == place] if weights else []
    if weights is None or not found:
        return None
    entries = matrix_numbers(getattr(found[0], MATRICES[shown.options["matrix"]][0]))
    return entries.assign(**shown.options, seed=weights.run.seed, run=shown.series[0].text)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    matrix = matrix_of(numbers)
    norm = symmetric_norm([matrix])
    draw_heat_map(axes, matrix, norm)
    mark_entries(axes, shown.config)
    add_colour_bar(axes, norm)
    where = place_text(shown.config, shown.options["layer"], shown.options["head"])
    axes.set_xlabel(MATRICES[shown.options["matrix"]][1] + where)


WEIGHTS = Panel(
    "weights",
    "Trained weights",
    _numbers,
    _draw,
    {
        "matrix": Option("key-query", choices=tuple(MATRICES)),
        "layer": Option(1, smallest=1),
        "head": Option(1, smallest=1),
    },
    overlays=False,
    legend=no_legend,
    about=About("W_KQ or W_PV of one layer and head", "Figure 9"),
    takes="one",
    is_map=True,
)
