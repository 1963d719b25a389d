"""Axes that several figures share: training steps, losses, and when a scale is logarithmic."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.scale import FuncScale
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from icl_cli.config import Loss

LOSS_SYMBOLS: dict[Loss, str] = {"half-squared-error": "½|ŷ − y|²", "squared-error": "|ŷ − y|²"}

# A loss that spans more than this factor is drawn on a logarithmic axis.
LARGEST_LINEAR_FACTOR = 8.0
# A linear axis shows at least this fraction of its values, so that noise never fills it.
SMALLEST_SPAN = 0.1
STEP_TICKS = 5


def loss_label(loss: Loss) -> str:
    """The label of an axis of held-out losses, which says the convention."""
    return f"held-out loss {LOSS_SYMBOLS[loss]}"


def steps_axis(axes: Axes, steps: int) -> None:
    """0 … `steps` on a square-root scale: evaluations are spaced quadratically, and the early drop becomes visible."""
    axes.set_xscale(FuncScale(axes, (lambda x: np.sqrt(np.maximum(x, 0)), np.square)))
    axes.set_xlim(0, steps)
    ticks = sorted({round(steps * (index / STEP_TICKS) ** 2) for index in range(STEP_TICKS + 1)})
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("training step (square-root scale)")


def loss_axis(axis_of: Axes, values: np.ndarray, direction: str = "y", always_log: bool = False) -> None:
    """A linear or logarithmic axis, whichever shows positive `values` better; the linear one not too narrow."""
    finite = values[np.isfinite(values) & (values > 0)]
    if finite.size and (always_log or finite.max() / finite.min() > LARGEST_LINEAR_FACTOR):
        log_axis(axis_of, direction)
    elif finite.size:
        low, high = finite.min(), finite.max()
        missing = max(0.0, SMALLEST_SPAN * high - (high - low)) / 2
        margin = 0.05 * max(high - low, SMALLEST_SPAN * high)
        axis_of.set(**{f"{direction}lim": (low - missing - margin, high + missing + margin)})


def log_axis(axes: Axes, direction: str = "y") -> None:
    """A logarithmic axis with plain numbers, also between the powers of ten where there are few of them."""
    axis = axes.yaxis if direction == "y" else axes.xaxis
    axes.set(**{f"{direction}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if 1e-4 < value < 1e5 else f"{value:.0e}"))
    axis.set_minor_formatter(NullFormatter())
