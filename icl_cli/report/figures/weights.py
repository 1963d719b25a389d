"""Heat maps of W_KQ and W_PV of every layer and head (Figures 9 and 11, Appendix A.4)."""

import numpy as np
import pandas

from icl_cli.analysis import LayerProducts
from icl_cli.config import RunConfig
from icl_cli.report.data import Family, Weights
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.formatting import number
from icl_cli.report.panels.heat_map import add_colour_bar, draw_heat_map, mark_entries, matrix_numbers, symmetric_norm
from icl_cli.report.style import ONE_COLUMN, TWO_COLUMNS, new_figure

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
    _draw(figure.subplots(layers, 2 * heads, squeeze=False), shown, family.config, family.weights.rescaled)
    caption = _caption(family, family.weights, layers, heads)
    return Drawing(figure, _numbers(shown, family.weights.run.seed), caption, f"Heat maps. {caption}")


def _draw(grid: np.ndarray, shown: list[LayerProducts], config: RunConfig, rescaled: bool) -> None:
    """Draw a row a layer: the heads of a layer share their colours, for layers differ by orders of magnitude."""
    layers, heads = len(grid), grid.shape[1] // 2
    for offset, (field, symbol) in enumerate(MATRICES.items()):
        for layer in range(layers):
            row = grid[layer, offset * heads : (offset + 1) * heads]
            own = [product for product in shown if product.layer == layer]
            norm = symmetric_norm([getattr(product, field) for product in own])
            for product in own:
                axes = row[product.head]
                draw_heat_map(axes, getattr(product, field), norm)
                mark_entries(axes, config, bottom=layer == layers - 1, left=product.head == 0)
                if layer == 0:
                    axes.set_title(_heading(symbol, product.head, heads, rescaled))
                if offset == product.head == 0 and layers > 1:
                    axes.set_ylabel(f"layer {layer + 1}")
            add_colour_bar(row[-1], norm)


def _heading(symbol: str, head: int, heads: int, rescaled: bool) -> str:
    factor = {"W_KQ": " / β", "W_PV": " · β"}[symbol] if rescaled else ""
    subscripted = symbol.replace("W_KQ", r"$W_\mathrm{KQ}$").replace("W_PV", r"$W_\mathrm{PV}$")
    return f"{subscripted}{factor}, head {head + 1}" if heads > 1 else subscripted + factor


def _numbers(shown: list[LayerProducts], seed: int) -> pandas.DataFrame:
    frames = []
    for product in shown:
        for field, symbol in MATRICES.items():
            matrix = getattr(product, field)
            place = {"layer": product.layer + 1, "head": product.head + 1, "matrix": symbol, "seed": seed}
            frames.append(matrix_numbers(matrix).assign(**place)[[*place, "row", "column", "value"]])
    return pandas.concat(frames, ignore_index=True)


def _caption(family: Family, shown: Weights, layers: int, heads: int) -> str:
    config = family.config
    words = [f"Seed {shown.run.seed} after {shown.run.step} steps; x and y are the entries of a token."]
    if shown.rescaled:
        words.append("Rescaled by β, the mean of the x-diagonal of W_KQ, which changes nothing that a layer computes.")
    if layers > 1:
        words.append("Every layer has colours of its own.")
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


WEIGHTS = FamilyFigure(
    "weights",
    "Trained weights",
    weights,
    measured_by=None,
    shows="W_KQ and W_PV of every layer and head",
    paper="Figures 9 and 11",
)
