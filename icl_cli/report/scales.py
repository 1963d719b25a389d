"""Axes that several figures share: training steps, losses, and when a scale is logarithmic."""

import math

import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.scale import FuncScale
from matplotlib.ticker import (
    AutoLocator,
    EngFormatter,
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullLocator,
    ScalarFormatter,
)

from icl_cli.config import Loss

LOSS_SYMBOLS: dict[Loss, str] = {"half-squared-error": "½|ŷ − y|²", "squared-error": "|ŷ − y|²"}

# A loss that spans more than this factor is drawn on a logarithmic axis.
LARGEST_LINEAR_FACTOR = 8.0
# A linear axis shows at least this fraction of its values, so that noise never fills it.
SMALLEST_SPAN = 0.1
STEP_INTERVALS, FEW_STEP_INTERVALS = 5, 2
NARROW_COLUMN = 2.0
LARGEST_DRAWN = 1e30
MOST_DECADES = 6
FEW_DECADES = 2.2
FEWEST_TICKS = 3
PLAIN_NUMBERS = (0.9e-3, 1.1e4)


def loss_label(loss: Loss) -> str:
    """The label of an axis of held-out losses, which says the convention."""
    return f"held-out loss {LOSS_SYMBOLS[loss]}"


def steps_axis(axes: Axes, steps: int) -> None:
    """0 … `steps` on a square-root scale: evaluations are spaced quadratically, and the early drop becomes visible."""
    axes.set_xscale(FuncScale(axes.xaxis, (lambda x: np.sqrt(np.maximum(x, 0)), np.square)))
    axes.set_xlim(0, steps)
    intervals = STEP_INTERVALS if is_wide(axes) else FEW_STEP_INTERVALS
    ticks = sorted({round(steps * (index / intervals) ** 2) for index in range(intervals + 1)})
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(step_numbers())
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("training step, √ scale" if is_wide(axes) else "step, √ scale")


def step_numbers() -> EngFormatter:
    """`800`, `3.2k`, `20k`: as short as numbers of steps can be, for they stand close to each other."""
    return EngFormatter(sep="")


def is_wide(axes: Axes) -> bool:
    """Whether the column that the panel stands in has room for long labels and many ticks."""
    return column_width(axes) > NARROW_COLUMN


def column_width(axes: Axes) -> float:
    """The inches that the column of the panel has, its labels included."""
    part, place = axes.get_figure(root=False), axes.get_subplotspec()
    assert part is not None
    columns = place.get_gridspec().ncols if place else 1
    return part.bbox.width / part.get_dpi() / columns


def loss_axis(axes: Axes, numbers: pandas.DataFrame, direction: str = "y") -> None:
    """Fit an axis to positive values: linear, or logarithmic where they span a wide range.

    If `numbers` has the column `standard_error`, bars of two of them fit too.
    """
    drawn = drawable(numbers)
    drawn = drawn.loc[drawn["value"] > 0]
    if drawn.empty:
        return
    value = drawn["value"].to_numpy(float)
    reach = 2 * drawn["standard_error"].fillna(0).to_numpy(float) if "standard_error" in drawn else 0 * value
    low, high = (value - reach).min(), (value + reach).max()
    if value.max() > LARGEST_LINEAR_FACTOR * value.min():
        log_axis(axes, np.array([max(low, value.min() / 2), high]), direction)
    else:
        missing = max(0.0, SMALLEST_SPAN * high - (high - low)) / 2
        margin = 0.05 * (high - low) + missing
        axes.set(**{f"{direction}lim": (low - margin, high + margin)})


def drawable(numbers: pandas.DataFrame) -> pandas.DataFrame:
    """`numbers` without the values of learners that explode, which no axis can hold."""
    columns = [name for name in ("value", "lowest", "highest", "standard_error") if name in numbers]
    small = {name: np.abs(numbers[name].to_numpy(float)) < LARGEST_DRAWN for name in columns}
    return numbers.assign(**{name: numbers[name].astype(float).where(small[name]) for name in columns})


def log_axis(axes: Axes, values: np.ndarray, direction: str = "y") -> None:
    """A logarithmic axis that reaches a little further than the positive `values`, with few and plain numbers."""
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = (float(positive.min()), float(positive.max())) if positive.size else (0.1, 1.0)
    margin = (high / low) ** 0.04 * 1.02
    limits = (low / margin, high * margin)
    axes.set(**{f"{direction}scale": "log", f"{direction}lim": limits})
    axis = axes.yaxis if direction == "y" else axes.xaxis
    ticks = _log_ticks(*limits)
    plain = all(PLAIN_NUMBERS[0] <= tick <= PLAIN_NUMBERS[1] for tick in ticks)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(_plain_text if plain else _power_text))
    axis.set_minor_locator(NullLocator())


def raise_top(axes: Axes, share: float) -> None:
    """Leave the upper `share` of a vertical axis free of curves, for a legend."""
    low, high = axes.get_ylim()
    part = share / (1 - share)
    axes.set_ylim(low, high * (high / low) ** part if axes.get_yscale() == "log" else high + part * (high - low))


def rescale(axes: Axes, numbers: pandas.DataFrame, scale: str) -> None:
    """Make the vertical axis `log` or `linear`; what it reaches up to stays."""
    if scale == axes.get_yscale():
        return
    top = axes.get_ylim()[1]
    if scale == "log":
        log_axis(axes, drawable(numbers)["value"].to_numpy(float))
        return
    axes.set_yscale("linear")
    axes.yaxis.set_major_locator(AutoLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.set_ylim(0, top)


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every decade, or only powers of ten that are evenly spaced, so that they never crowd."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = math.ceil((last - first) / MOST_DECADES)
    digits = (1, 2, 5) if math.log10(high / low) < FEW_DECADES else (1,)
    ticks = [digit * 10.0**power for power in range(first, last + 1, stride) for digit in digits]
    within = [tick for tick in ticks if low <= tick <= high]
    return within if len(within) >= FEWEST_TICKS or high > 10 * low else _linear_ticks(low, high)


def _linear_ticks(low: float, high: float) -> list[float]:
    """Round numbers between bounds that are too close to each other for 1, 2 and 5 of a decade."""
    return [float(tick) for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]


def _power_text(value: float, _: object) -> str:
    power = math.floor(math.log10(value) + 1e-9)
    digit = round(value / 10.0**power)
    return f"$10^{{{power}}}$" if digit == 1 else f"${digit}·10^{{{power}}}$"


def _plain_text(value: float, _: object) -> str:
    """`0.5`, `200`, `2k`: short, for along a horizontal axis they stand close to each other."""
    return f"{value:g}" if value < 1000 else f"{value / 1000:g}k"
