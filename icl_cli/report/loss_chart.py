"""The held-out loss over training as characters, for terminals: dots of braille, and a line for each baseline."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rich.text import Text

from icl_cli.report.formatting import enumeration, number, printable
from icl_cli.store import Metric

WIDTH, HEIGHT = 46, 10
# One character of braille is two dots wide and four high; each has a bit.
DOTS_ACROSS, DOTS_DOWN = 2, 4
BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
EMPTY_BRAILLE = 0x2800
# Of a wider range small losses would be one line at the bottom.
WIDEST_LINEAR = 10.0
LABEL = 8
# What a terminal of 80 columns has room for beside the curve.
LONGEST_NAMES = 80 - (LABEL + 2) - WIDTH - 1
# A baseline that is so much better than anything trained would make the curve a line at the top: it is left out.
MOST_BELOW = 100.0
CURVE_STYLE, LINE_STYLE = "cyan", "yellow"


@dataclass
class _Canvas:
    """Dots by the character that they are in; (0, 0) is at the top left."""

    bits: dict[tuple[int, int], int] = field(default_factory=dict)

    def dot(self, across: int, down: int) -> None:
        place = (down // DOTS_DOWN, across // DOTS_ACROSS)
        self.bits[place] = self.bits.get(place, 0) | BITS[across % DOTS_ACROSS][down % DOTS_DOWN]


def loss_chart(points: Sequence[Metric], baselines: Mapping[str, float]) -> Text | None:
    """The curve of `points` with a line at the loss of each of `baselines`; None of fewer than two finite points.

    Steps are linear. Losses are logarithmic where the largest is more than ten times the smallest, and all are above 0.
    """
    curve = [(point.step, point.value) for point in points if math.isfinite(point.value)]
    lines = {name: loss for name, loss in baselines.items() if math.isfinite(loss)}
    if len(curve) < 2:
        return None
    least = min(loss for _, loss in curve) / MOST_BELOW
    lines = {name: loss for name, loss in lines.items() if loss >= least}
    losses = [*(loss for _, loss in curve), *lines.values()]
    scale, unscale = _scales(losses)
    low, high = scale(min(losses)), scale(max(losses))
    span = (high - low) or 1.0
    heights = {loss: (high - scale(loss)) / span for loss in losses}
    canvas = _Canvas()
    _draw(canvas, [(step, heights[loss]) for step, loss in curve])
    marked: dict[int, list[str]] = {}
    for name, loss in lines.items():
        marked.setdefault(round(heights[loss] * (HEIGHT - 1)), []).append(name)
    shown = {row: _label(names, lines) for row, names in marked.items()}
    ticks = _ticks({row: unscale(high - span * row / (HEIGHT - 1)) for row in (0, HEIGHT // 2, HEIGHT - 1)})
    return _text(canvas, ticks, shown, curve[-1][0])


def _ticks(values: Mapping[int, float]) -> dict[int, str]:
    """Each with three digits, or as many more as tell them apart; none where there is no room for so many."""
    choices = ({row: number(value, digits) for row, value in values.items()} for digits in range(3, LABEL))
    fitting = (shown for shown in choices if max(map(len, shown.values())) <= LABEL)
    return next((shown for shown in fitting if len(set(shown.values())) == len(shown)), {})


def _scales(losses: Sequence[float]) -> tuple[Callable[[float], float], Callable[[float], float]]:
    if min(losses) > 0 and max(losses) > WIDEST_LINEAR * min(losses):
        return math.log, math.exp
    return float, float


def _draw(canvas: _Canvas, curve: Sequence[tuple[int, float]]) -> None:
    """Straight lines between points of (step, height from 0 at the top to 1)."""
    first, last = curve[0][0], curve[-1][0]
    width, height = WIDTH * DOTS_ACROSS - 1, HEIGHT * DOTS_DOWN - 1
    places = [((step - first) / ((last - first) or 1) * width, down * height) for step, down in curve]
    for (x, y), (next_x, next_y) in pairwise(places):
        parts = max(1, math.ceil(max(abs(next_x - x), abs(next_y - y))))
        for part in range(parts + 1):
            share = part / parts
            canvas.dot(round(x + share * (next_x - x)), round(y + share * (next_y - y)))


def _label(names: Sequence[str], lines: Mapping[str, float]) -> str:
    loss = f" {number(lines[names[0]])}" if len(names) == 1 else ""
    shown, room = enumeration([printable(name) for name in names]), LONGEST_NAMES - len(loss)
    return f"{shown if len(shown) <= room else f'{shown[: room - 1]}…'}{loss}"


def _text(canvas: _Canvas, ticks: Mapping[int, str], lines: Mapping[int, str], last_step: int) -> Text:
    text = Text("Held-out loss\n", style="bold", no_wrap=True, overflow="ellipsis")
    for row in range(HEIGHT):
        text.append(f"{ticks.get(row, ''):>{LABEL}} ┤", style="not bold")
        for column in range(WIDTH):
            bits = canvas.bits.get((row, column))
            if bits is not None:
                text.append(chr(EMPTY_BRAILLE + bits), style=f"not bold {CURVE_STYLE}")
            else:
                text.append("─" if row in lines else " ", style=f"not bold {LINE_STYLE}")
        text.append(f" {lines[row]}\n" if row in lines else "\n", style=f"not bold {LINE_STYLE}")
    end = f"step {last_step}"
    return text.append(f"{'':{LABEL}} └0{end:─>{WIDTH - 1}}", style="not bold")
