"""How each learner is called and drawn: the same name, colour, line and marker in every figure.

Colours are Okabe and Ito's, which colour-blind people tell apart; lines and markers differ too, for print in grey.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from zlib import crc32

MODEL = "model"
INTERPOLATED = "interpolated-"

LineStyle = str | tuple[int, tuple[float, ...]]


@dataclass(frozen=True)
class LearnerStyle:
    """Label and looks of one learner."""

    label: str
    color: str
    line: LineStyle
    marker: str
    filled: bool = True


STYLES = {
    MODEL: LearnerStyle("trained transformer", "#0072B2", "-", "o"),
    "gd": LearnerStyle("GD", "#D55E00", (0, (5, 2)), "s"),
    "gd-per-step": LearnerStyle("GD per step", "#E69F00", (0, (1, 1)), "D"),
    "gd++": LearnerStyle("GD++", "#009E73", (0, (7, 2, 1, 2)), "^"),
    "gd++-per-step": LearnerStyle("GD++ per step", "#56B4E9", (0, (3, 1, 1, 1, 1, 1)), "v"),
    "ridge": LearnerStyle("ridge", "#CC79A7", (0, (4, 4)), "P"),
    "least-squares": LearnerStyle("least squares", "#000000", (0, (2, 3)), "X"),
}

# For baselines that somebody adds to the registry without a line above.
SPARE_COLORS = ("#7F7F7F", "#8C564B", "#9A8B00", "#5D3A9B")
SPARE_LINES: tuple[LineStyle, ...] = ((0, (6, 1)), (0, (3, 2)), (0, (8, 3, 2, 3)), (0, (1, 3)))
SPARE_MARKERS = ("<", ">", "p", "h")


def learner_style(name: str) -> LearnerStyle:
    """The looks of a learner by its name in the database."""
    if name.startswith(INTERPOLATED):
        end = learner_style(name.removeprefix(INTERPOLATED))
        label = f"interpolated ({end.label})"
        return replace(end, label=label, line=(0, (1, 1.5)), filled=False)
    if name in STYLES:
        return STYLES[name]
    number = crc32(name.encode()) % len(SPARE_COLORS)
    return LearnerStyle(name, SPARE_COLORS[number], SPARE_LINES[number], SPARE_MARKERS[number])


def in_order(names: Iterable[str]) -> list[str]:
    """Learners once each, as legends list them: the model, then each baseline followed by its interpolation."""
    known = list(STYLES)

    def place(name: str) -> tuple[int, str, bool]:
        end = name.removeprefix(INTERPOLATED)
        return (known.index(end) if end in known else len(known), end, name != end)

    return sorted(set(names), key=place)
