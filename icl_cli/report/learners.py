"""How each learner is called and drawn: the same name, colour, line and marker in every figure.

Colours are Okabe and Ito's, which colour-blind people tell apart; lines and markers differ too, for print in grey.
Where one panel shows several runs, a learner's name ends with the run's number in the figure and its label:
`model 2: two heads`, `gd 2: two heads`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple
from zlib import crc32

MODEL = "model"
# The model's loss on the tasks of its training steps, and points that no learner made.
TRAINING, DATA = "training", "data"
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


class LearnerName(NamedTuple):
    """A learner's name in its parts: what it is and, where several runs are shown, whose (None: the only run's)."""

    kind: str
    number: int | None
    run: str


STYLES = {
    MODEL: LearnerStyle("trained transformer", "#0072B2", "-", "o"),
    "gd": LearnerStyle("GD", "#D55E00", (0, (5, 2)), "s"),
    "gd-per-step": LearnerStyle("GD per step", "#E69F00", (0, (1, 1)), "D"),
    "gd++": LearnerStyle("GD++", "#009E73", (0, (7, 2, 1, 2)), "^"),
    "gd++-per-step": LearnerStyle("GD++ per step", "#56B4E9", (0, (3, 1, 1, 1, 1, 1)), "v"),
    "ridge": LearnerStyle("ridge", "#CC79A7", (0, (4, 4)), "P"),
    "least-squares": LearnerStyle("least squares", "#000000", (0, (2, 3)), "X"),
}

# What a panel shows of one model or task, drawn and named as learners are.
ASPECTS = {
    TRAINING: LearnerStyle("the same, on training tasks", "#0072B2", (0, (1, 1)), "."),
    DATA: LearnerStyle("data", "#000000", (0, (1, 1)), "x"),
    "target": LearnerStyle("target", "#000000", (0, (4, 2)), "none"),
    "self": LearnerStyle("token itself", "#000000", (0, (1, 1)), "x"),
    "next": LearnerStyle("next token", "#882255", "-", "d"),
    "others": LearnerStyle("other tokens", "#7F7F7F", (0, (4, 2)), "p"),
    "formula": LearnerStyle("λ − 2γλ² + γ²λ³", "#000000", (0, (4, 2)), "x"),
    "mean": LearnerStyle("mean", "#CC6677", (0, (10, 1.5)), "d"),
    "median": LearnerStyle("median", "#44AA99", (0, (4, 2)), "p"),
    "before": LearnerStyle("before layer 1", "#7F7F7F", "-", "p"),
    "after": LearnerStyle("after layer 1", "#882255", (0, (4, 1)), "d"),
    "model-predicted": LearnerStyle("transformer, predicted", "#0072B2", "-", "o", filled=False),
    "model-measured": LearnerStyle("transformer, measured", "#0072B2", "-", "o"),
    "gd-predicted": LearnerStyle("GD, predicted", "#D55E00", "-", "s", filled=False),
    "gd-measured": LearnerStyle("GD, measured", "#D55E00", "-", "s"),
}

# For baselines that somebody adds to the registry without a line above.
SPARE_COLORS = ("#7F7F7F", "#8C564B", "#9A8B00", "#5D3A9B")
SPARE_LINES: tuple[LineStyle, ...] = ((0, (6, 1)), (0, (3, 2)), (0, (8, 3, 2, 3)), (0, (1, 3)))
SPARE_MARKERS = ("<", ">", "p", "h")

# For several runs in one figure, after Tol's muted colours; none is that of a learner above.
RUN_COLORS = ("#332288", "#882255", "#44AA99", "#999933", "#AA4499", "#117733")
RUN_LINES: tuple[LineStyle, ...] = ("-", (0, (8, 1.5)), (0, (3, 1)), (0, (1, 1.2)), (0, (6, 1, 1, 1)), (0, (2, 2)))
RUN_MARKERS = ("o", "d", "^", "s", "v", "p")

_KNOWN = STYLES | ASPECTS
_NUMBERED = re.compile(r"(\S+) (\d+): (.*)", re.DOTALL)


def numbered(kind: str, number: int, run: str) -> str:
    """The name of a learner of one of several runs, counted from 1."""
    return f"{kind} {number}: {run}"


def parts(name: str) -> LearnerName:
    """The inverse of `numbered`."""
    found = _NUMBERED.fullmatch(name)
    return LearnerName(found[1], int(found[2]), found[3]) if found else LearnerName(name, None, "")


def learner_style(name: str) -> LearnerStyle:
    """The looks of a learner by its name in the database or, numbered, in a figure."""
    kind, number, run = parts(name)
    if number is not None:
        return _run_style(kind, number, run)
    if name.startswith(INTERPOLATED):
        end = learner_style(name.removeprefix(INTERPOLATED))
        label = f"interpolated ({end.label})"
        return replace(end, label=label, line=_dotted(name.removeprefix(INTERPOLATED)), filled=False)
    if name in _KNOWN:
        return _KNOWN[name]
    spare = crc32(name.encode()) % len(SPARE_COLORS)
    return LearnerStyle(name, SPARE_COLORS[spare], SPARE_LINES[spare], SPARE_MARKERS[spare])


def _dotted(end: str) -> LineStyle:
    """Dots with gaps of their own for each baseline, because their colours are alike in grey."""
    known = list(STYLES)
    return (0, (1, 1.5 + 0.8 * (known.index(end) - 1 if end in known else len(known) - 1)))


def in_order(names: Iterable[str]) -> list[str]:
    """Learners once each, as legends list them: the model, then each baseline followed by its interpolation."""
    known = list(_KNOWN)

    def place(name: str) -> tuple[int, str, bool, int]:
        kind, number, _ = parts(name)
        end = kind.removeprefix(INTERPOLATED)
        return (known.index(end) if end in known else len(known), end, kind != end, number or 0)

    return sorted(set(names), key=place)


def _run_style(kind: str, number: int, run: str) -> LearnerStyle:
    """Markers tell the runs apart, and the models' colours and lines do too; baselines keep theirs."""
    again, place = divmod(number - 1, len(RUN_COLORS))
    # The seventh run has the colour of the first with another line and marker, which no run before has together.
    line, marker = (place + again) % len(RUN_LINES), (place + 2 * again) % len(RUN_MARKERS)
    own = learner_style(kind)
    looks = replace(own, marker=RUN_MARKERS[marker])
    if kind == MODEL:
        return replace(looks, label=run, color=RUN_COLORS[place], line=RUN_LINES[line])
    if kind == TRAINING:
        return replace(own, label=f"{run}, on training tasks", color=RUN_COLORS[place])
    if kind.startswith(INTERPOLATED):
        return replace(looks, label=f"{run}, {own.label}")
    return replace(looks, label=f"{own.label} ({run})")
