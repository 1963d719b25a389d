"""Speed as one figure: steps a second of the plain implementation and the product, and how a step grows."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icl_cli.report.files import METADATA
from icl_cli.report.style import FAINT, TWO_COLUMNS, new_figure, paper_style

COLOURS = {"plain": FAINT, "product": "#0072B2", "one device": "#56B4E9"}
HEIGHT = 4.6

AXES = {
    "N": "examples in a context N",
    "d": "input size d",
    "K": "layers K",
    "heads": "heads H",
    "seeds": "seeds S",
}

# Letters of a case's name that fit beneath its bars.
LONGEST_LINE = 12


def write_figure(results: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw what `results`, the rows of all benchmarks, hold of training and growth; speed.svg and .png in `folder`."""
    paths = [folder / f"speed.{kind}" for kind in ("svg", "png")]
    with paper_style():
        figure = draw(results)
        for path in paths:
            figure.savefig(path, metadata=METADATA[path.suffix[1:]])
    return paths


def draw(results: pd.DataFrame) -> Figure:
    """Bars above, growth below."""
    figure = new_figure(TWO_COLUMNS, HEIGHT)
    parts: Any = figure.subfigures(2, 1, height_ratios=(1, 0.9))
    upper, lower = parts
    draw_speed(upper.subplots(), results.query("benchmark == 'training'"))
    grown = results.query("benchmark == 'growth'")
    variables = list(dict.fromkeys(grown.variable)) or ["N"]
    panels = lower.subplots(1, len(variables), sharey=True, squeeze=False)[0]
    for panel, variable in zip(panels, variables, strict=True):
        draw_growth(panel, grown.query("variable == @variable"), AXES[variable])
    panels[0].set_ylabel("milliseconds a step")
    return figure


def draw_speed(axes: Axes, rows: pd.DataFrame) -> None:
    """Bars of steps a second; above those of the product, how many times the plain speed."""
    cases, implementations = list(dict.fromkeys(rows.case)), list(dict.fromkeys(rows.implementation))
    width = 0.8 / max(1, len(implementations))
    for place, name in enumerate(implementations):
        own = rows.query("implementation == @name").set_index("case").reindex(cases)
        centres = np.arange(len(cases)) + (place - (len(implementations) - 1) / 2) * width
        bars = axes.bar(centres, 1000 / own["median"], width, label=name, color=COLOURS[name])
        labels = ["" if np.isnan(ratio) else f"{ratio:.1f}×" for ratio in own["ratio"].astype(float)]
        axes.bar_label(bars, labels, padding=1.5, fontsize=6.5)
    axes.set_yscale("log")
    axes.margins(y=0.12)
    axes.set_ylabel("steps a second")
    axes.set_xticks(range(len(cases)), [textwrap.fill(case, LONGEST_LINE) for case in cases])
    axes.grid(visible=False, axis="x")
    if implementations:
        axes.legend(ncols=len(implementations), loc="lower right", bbox_to_anchor=(1, 1))


def draw_growth(axes: Axes, rows: pd.DataFrame, label: str) -> None:
    """Time against what grows, on logarithmic axes, and a line for time that doubles with it."""
    for case, own in rows.groupby("case", sort=False):
        axes.plot(own["value"], own["median"], marker="o", label=case)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel(label)
    if len(rows):
        values = np.unique(rows["value"].to_numpy(float))
        ticks = values[:: -(-len(values) // 5)]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.plot(values, rows["median"].min() * values / values[0], color=FAINT, linestyle="--", label="∝", zorder=1)
        axes.legend(loc="upper left", fontsize=6, handlelength=1.2)
