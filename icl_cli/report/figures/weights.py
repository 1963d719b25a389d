"""Heat maps of W_KQ and W_PV of every layer and head (Figures 9 and 11, Appendix A.4)."""

import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from icl_cli.analysis import LayerProducts
from icl_cli.config import RunConfig
from icl_cli.report.data import Family, Weights
from icl_cli.report.figures.drawing import Drawing, FamilyFigure
from icl_cli.report.formatting import number
from icl_cli.report.style import INK, ONE_COLUMN, TWO_COLUMNS, new_figure

COLORS = "RdBu_r"
MOST_LAYERS = 6
MOST_HEADS = 3
MATRICES = {"key_query": "W_KQ", "projection_value": "W_PV"}


def weights(family: Family) -> Drawing | None:
    """The figure of the first seed's final weights, or None if no weights are stored."""
    if family.weights is None:
        return None
    shown = [p for p in family.weights.products if p.layer < MOST_LAYERS and p.head < MOST_HEADS]
    layers, heads = (1 + max(getattr(p, name) for p in shown) for name in ("layer", "head"))
    width, row = (ONE_COLUMN, 1.15) if heads == 1 else (TWO_COLUMNS, 2.9 / heads)
    figure = new_figure(width, 0.35 + layers * row)
    _draw(figure, figure.subplots(layers, 2 * heads, squeeze=False), shown, family.config, family.weights.rescaled)
    caption = _caption(family, family.weights, layers, heads)
    return Drawing(figure, _numbers(shown), caption, f"Heat maps. {caption}")


def _draw(figure: Figure, grid: np.ndarray, shown: list[LayerProducts], config: RunConfig, rescaled: bool) -> None:
    layers, heads = len(grid), grid.shape[1] // 2
    for offset, (field, symbol) in enumerate(MATRICES.items()):
        largest = max(float(np.abs(getattr(product, field)).max()) for product in shown)
        norm = Normalize(-largest, largest)
        columns = grid[:, offset * heads : (offset + 1) * heads]
        for product in shown:
            axes = columns[product.layer, product.head]
            axes.imshow(getattr(product, field), cmap=COLORS, norm=norm, interpolation="none")
            _mark(axes, config, bottom=product.layer == layers - 1, left=product.head == 0)
            if product.layer == 0:
                axes.set_title(_heading(symbol, product.head, heads, rescaled))
            if offset == product.head == 0 and layers > 1:
                axes.set_ylabel(f"layer {product.layer + 1}")
        bar = figure.colorbar(
            ScalarMappable(norm, COLORS),
            ax=columns.ravel().tolist(),
            fraction=0.05,
            aspect=14 * layers,
            shrink=0.8,
            pad=0.03,
        )
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue, reportAttributeAccessIssue]
        bar.ax.tick_params(labelsize=6.5, length=2)


def _mark(axes: Axes, config: RunConfig, bottom: bool, left: bool) -> None:
    """Lines between the x-entries, the y-entries and, if there are any, the positional ones; at the rim their names."""
    outputs, positions = config.task.output_size, config.model.positional_size
    embedded = config.model.embedding_size
    sizes = [embedded - outputs, outputs, 0] if embedded else [config.task.input_size, outputs, positions]
    names = [name for name, size in zip(("x", "y", "p"), sizes, strict=True) if size]
    edges = np.cumsum([0, *(size for size in sizes if size)]) - 0.5
    middles = (edges[:-1] + edges[1:]) / 2
    for edge in edges[1:-1]:
        axes.axhline(edge, color=INK, lw=0.5)
        axes.axvline(edge, color=INK, lw=0.5)
    axes.set_xticks(middles, names if bottom else [""] * len(names))
    axes.set_yticks(middles, names if left else [""] * len(names))
    axes.tick_params(length=0, pad=2)
    axes.grid(visible=False)
    axes.spines[["top", "right"]].set_visible(True)


def _heading(symbol: str, head: int, heads: int, rescaled: bool) -> str:
    factor = {"W_KQ": " / β", "W_PV": " · β"}[symbol] if rescaled else ""
    subscripted = symbol.replace("W_KQ", r"$W_\mathrm{KQ}$").replace("W_PV", r"$W_\mathrm{PV}$")
    return f"{subscripted}{factor}, head {head + 1}" if heads > 1 else subscripted + factor


def _numbers(shown: list[LayerProducts]) -> pandas.DataFrame:
    frames = []
    for product in shown:
        for field, symbol in MATRICES.items():
            matrix = getattr(product, field)
            rows, columns = np.indices(matrix.shape) + 1
            place = {"layer": product.layer + 1, "head": product.head + 1, "matrix": symbol}
            entries = {"row": rows.ravel(), "column": columns.ravel(), "value": matrix.ravel().astype(float)}
            frames.append(pandas.DataFrame(place | entries))
    return pandas.concat(frames, ignore_index=True)


def _caption(family: Family, shown: Weights, layers: int, heads: int) -> str:
    config = family.config
    words = [f"Seed {shown.run.seed} after {shown.run.step} steps; x and y are the entries of a token."]
    if shown.rescaled:
        words.append("Rescaled by β, the mean of the x-diagonal of W_KQ, which changes nothing that a layer computes.")
    distinct = config.model.distinct_layers
    if layers < distinct or heads < config.model.heads:
        words.append(f"Shown are {layers} of {distinct} layers and {heads} of {config.model.heads} heads.")
    return " ".join(words + _step_size(family, shown))


def _step_size(family: Family, shown: Weights) -> list[str]:
    """The learned step size beside the tuned one, where a single linear layer faces a single step of GD."""
    if not (shown.rescaled and family.config.model.layers == 1 and "gd" in family.baselines):
        return []
    place = family.config.task.input_size
    learned = float(shown.products[0].projection_value[place, place])
    tuned = family.baselines["gd"].parameters["learning_rates"][0] / family.config.task.context_length
    return [f"Last entry of W_PV β: {number(learned)}; in the construction it is −η/N = {number(-tuned)}."]


WEIGHTS = FamilyFigure("weights", "Trained weights", weights, measured_by=None)
