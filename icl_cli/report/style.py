"""One look for all figures: the page widths of the paper, small type, and the same bytes for the same numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.style
from matplotlib.figure import Figure

# Inches, as in the ICML template.
ONE_COLUMN = 3.25
TWO_COLUMNS = 6.75
# The same by how many columns of a page a figure takes.
COLUMN_WIDTHS = {1: ONE_COLUMN, 2: TWO_COLUMNS}
PIXELS_PER_INCH = 200

INK = "#222222"
FAINT = "#BBBBBB"
SHADE = "#F2F2F2"

STYLE: dict[str, Any] = {
    # DejaVu comes with matplotlib, so a figure looks the same on every machine.
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "axes.formatter.useoffset": False,
    # As in `formatting.PLAIN`: other numbers share a power of ten, which stands above the axis.
    "axes.formatter.limits": [-4, 5],
    "lines.linewidth": 1.4,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    # Hinted letters have other widths at other resolutions, and what fits on screen would be cut off in print.
    "text.hinting": "none",
    "figure.dpi": PIXELS_PER_INCH,
    # TrueType in PDF, because journals refuse Type 3; outlines in SVG, because a browser may lack the font.
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    # Without a salt the ids within an SVG differ from one run of the program to the next.
    "svg.hashsalt": "icl",
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Figures made and saved within look like this, whatever the user's own matplotlib settings are."""
    with matplotlib.style.context(["default", STYLE]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches, apart from pyplot's global list, whose parts make room for each other."""
    return Figure(figsize=(width, height), layout="constrained")
