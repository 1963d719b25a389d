"""A matrix over the entries of tokens as a heat map, and its entries as numbers."""

import numpy as np
import pandas
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from icl_cli.config import RunConfig
from icl_cli.report.style import INK

COLORS = "RdBu_r"
# Entries closer to zero than this share of the largest look white anyway; beyond the second, colours are dark.
SMALLEST_STROKE, DARK = 0.1, 0.6
# Of a cell's width, and where on the colour bar.
STROKE = 0.5
BAR_STROKES = (0.2, 0.4, 0.6, 0.8)
# Where the colour bar stands, in widths and heights of the map: left, bottom, width and height.
BAR_PLACE = (1.04, 0.1, 0.05, 0.8)
BAR_INTERVALS = 6


def place_text(config: RunConfig, layer: int, head: int | None) -> str:
    """`, layer 2, head 1`: which layer and head, counted from 1, a map is of; without what the model has once alone."""
    words = [f"layer {layer}"] if config.model.distinct_layers > 1 else []
    words += [f"head {head}"] if head is not None and config.model.heads > 1 else []
    return "".join(f", {word}" for word in words)


def symmetric_norm(matrices: list[Float[np.ndarray, "_ _"]]) -> Normalize:
    """Colours from the largest magnitude below zero to that above, so that zero is white; None is left out."""
    largest = max((float(np.abs(matrix).max()) for matrix in matrices), default=0.0)
    return Normalize(-largest, largest) if largest > 0 else Normalize(-1.0, 1.0)


def draw_heat_map(axes: Axes, matrix: Float[np.ndarray, "rows columns"], norm: Normalize) -> None:
    """Draw the matrix without its axes' names; a stroke marks negative entries, which grey would not tell apart."""
    axes.imshow(matrix, cmap=COLORS, norm=norm, interpolation="none")
    largest = float(norm.vmax or 1.0)
    shares = np.asarray(matrix, float) / largest
    rows, columns = np.nonzero(shares < -SMALLEST_STROKE)
    _draw_strokes(axes, columns.astype(float), rows.astype(float), shares[rows, columns])
    axes.grid(visible=False)
    axes.spines[["top", "right"]].set_visible(True)


def mark_entries(axes: Axes, config: RunConfig, bottom: bool = True, left: bool = True) -> None:
    """Lines between the x-entries, the y-entries and, if there are any, the positional ones; at the rim their names."""
    outputs, embedded = config.task.output_size, config.model.embedding_size
    given = [config.task.input_size, outputs, config.model.positional_size]
    sizes = [embedded - outputs, outputs, 0] if embedded else given
    names = [name for name, size in zip(("x", "y", "p"), sizes, strict=True) if size]
    edges = np.cumsum([0, *(size for size in sizes if size)]) - 0.5
    middles = (edges[:-1] + edges[1:]) / 2
    for edge in edges[1:-1]:
        axes.axhline(edge, color=INK, lw=0.5)
        axes.axvline(edge, color=INK, lw=0.5)
    axes.set_xticks(middles, names if bottom else [""] * len(names))
    axes.set_yticks(middles, names if left else [""] * len(names))
    axes.tick_params(length=0, pad=2)


def add_colour_bar(axes: Axes, norm: Normalize) -> None:
    """The scale of the colours beside a map, as near to it however wide the figure is."""
    figure = axes.get_figure(root=False)
    assert figure is not None
    # The usual numbers depend on the bar's height, which is not known when room is made for them.
    ticks = MaxNLocator(BAR_INTERVALS, steps=[1, 2, 5, 10])
    bar = figure.colorbar(ScalarMappable(norm, COLORS), cax=axes.inset_axes(BAR_PLACE), ticks=ticks)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
    bar.ax.tick_params(labelsize=6.5, length=2)
    # To the right of the bar's top, not over the corner of the map.
    bar.ax.yaxis.get_offset_text().set(fontsize=6.5, ha="left")
    levels = -np.array(BAR_STROKES)
    _draw_strokes(bar.ax, np.full(levels.shape, 0.5), levels * float(norm.vmax or 1.0), levels)


def _draw_strokes(
    axes: Axes, x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], shares: Float[np.ndarray, " n"]
) -> None:
    """A horizontal stroke at each place, light on the dark colours of large `shares` of the scale."""
    ends = np.stack([np.stack([x - STROKE / 2, y], 1), np.stack([x + STROKE / 2, y], 1)], 1)
    colors = ["white" if share < -DARK else INK for share in shares]
    axes.add_collection(LineCollection(list(ends), colors=colors, linewidths=0.6), autolim=False)


def matrix_numbers(matrix: Float[np.ndarray, "_rows _columns"]) -> pandas.DataFrame:
    """Row, column (both from 1) and value of every entry."""
    rows, columns = np.indices(matrix.shape) + 1
    values = np.asarray(matrix, float).ravel()
    return pandas.DataFrame({"row": rows.ravel(), "column": columns.ravel(), "value": values})


def matrix_of(numbers: pandas.DataFrame) -> Float[np.ndarray, "_ _"]:
    """The inverse of `matrix_numbers`."""
    return numbers.pivot_table(index="row", columns="column", values="value", dropna=False).to_numpy(float)
