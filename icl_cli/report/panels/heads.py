"""η_h W_h,KQ of one head of a layer, or their sum, in which off-diagonal entries cancel (Figure 11, Appendix A.9)."""

import jax.numpy as jnp
import numpy as np
import pandas
from jaxtyping import Float
from matplotlib.axes import Axes

from icl_cli.analysis import scaled_key_queries
from icl_cli.numerics import fixed_numerics
from icl_cli.report.data import Family
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

# The option `head` for the sum over heads.
SUM = 0


@fixed_numerics()
def scaled_heads(family: Family, layer: int) -> list[Float[np.ndarray, "channels channels"]]:
    """η_h W_h,KQ of every head of a layer, counted from 1, of the first seed; none where no weights are stored."""
    task = family.config.task
    products = [one for one in (family.weights.products if family.weights else ()) if one.layer + 1 == layer]
    if not products:
        return []
    key_queries, projection_values = zip(*((one.key_query, one.projection_value) for one in products), strict=True)
    scaled = scaled_key_queries(jnp.stack(key_queries), jnp.stack(projection_values), task.input_size, task.output_size)
    return list(np.asarray(scaled))


def _numbers(shown: Shown) -> pandas.DataFrame | None:
    """The entries of the head or the sum, and the `largest` of all of them, whose colours all panels share."""
    family = shown.series[0].family
    heads = scaled_heads(family, shown.options["layer"])
    if family.weights is None or not heads or shown.options["head"] > len(heads):
        return None
    maps = [np.sum(heads, axis=0), *heads]
    entries = matrix_numbers(maps[shown.options["head"]])
    largest = max(float(np.abs(one).max()) for one in maps)
    return entries.assign(**shown.options, largest=largest, seed=family.weights.run.seed, run=shown.series[0].text)


def _draw(axes: Axes, numbers: pandas.DataFrame, shown: Shown) -> None:
    norm = symmetric_norm([numbers[["largest"]].to_numpy(float)])
    draw_heat_map(axes, matrix_of(numbers), norm)
    mark_entries(axes, shown.config)
    add_colour_bar(axes, norm)
    head = shown.options["head"]
    symbol = r"$Σ_h η_h W_{h,\mathrm{KQ}}$" if head == SUM else rf"$η_{head} W_{{{head},\mathrm{{KQ}}}}$"
    axes.set_xlabel(symbol + place_text(shown.config, shown.options["layer"], None))


HEADS = Panel(
    "heads",
    "Scaled heads",
    _numbers,
    _draw,
    {"head": Option(SUM, smallest=SUM), "layer": Option(1, smallest=1)},
    overlays=False,
    legend=no_legend,
    about=About("η_h W_h,KQ of one head, or their sum, in which errors cancel", "Figure 11"),
    takes="one",
    is_map=True,
)
