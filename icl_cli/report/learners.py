"""How each learner is called and drawn: the same name, colour, line and marker in every figure.

Colours are Okabe and Ito's, which colour-blind people tell apart; lines and markers differ too, for print in grey.
Where one panel shows several runs, a learner's name ends with the run's number in the figure and its label:
`model 2: two heads`, `gd 2: two heads`.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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
    TRAINING: LearnerStyle("the same, on training tasks", "#004A75", (0, (1, 1)), "."),
    DATA: LearnerStyle("data", "#000000", (0, (1, 1)), "x"),
    "target": LearnerStyle("target", "#6B6B6B", (0, (4, 2)), "none"),
    "self": LearnerStyle("token itself", "#000000", (0, (1, 1)), "x"),
    "next": LearnerStyle("next token", "#882255", "-", "d"),
    "others": LearnerStyle("other tokens", "#7F7F7F", (0, (4, 2)), "p"),
    "formula": LearnerStyle("λ − 2γλ² + γ²λ³", "#000000", (0, (4, 2)), "x"),
    "mean": LearnerStyle("mean", "#CC6677", (0, (10, 1.5)), "d"),
    "median": LearnerStyle("median", "#A6761D", (0, (4, 2)), "p"),
    "before": LearnerStyle("before layer 1", "#7F7F7F", "-", "p"),
    "after": LearnerStyle("after layer 1", "#882255", (0, (4, 1)), "d"),
    "model-predicted": LearnerStyle("transformer, predicted", "#004A75", "-", "o", filled=False),
    "model-measured": LearnerStyle("transformer, measured", "#0072B2", "-", "o"),
    "gd-predicted": LearnerStyle("GD, predicted", "#803800", "-", "s", filled=False),
    "gd-measured": LearnerStyle("GD, measured", "#D55E00", "-", "s"),
}

# For other runs, and for baselines that somebody adds to the registry without a line above.
SPARE_COLORS = ("#7F7F7F", "#8C564B", "#9A8B00", "#5D3A9B")
SPARE_LINES: tuple[LineStyle, ...] = ((0, (6, 1)), (0, (3, 2)), (0, (8, 3, 2, 3)), (0, (1, 3)))
SPARE_MARKERS = ("<", ">", "p", "h")

# For several runs in one figure, after Tol's muted colours; none is that of a learner above.
RUN_COLORS = ("#332288", "#882255", "#44AA99", "#999933", "#AA4499", "#117733")
RUN_LINES: tuple[LineStyle, ...] = ("-", (0, (8, 1.5)), (0, (3, 1)), (0, (1, 1.2)), (0, (6, 1, 1, 1)), (0, (2, 2)))
RUN_MARKERS = ("o", "d", "^", "s", "v", "p")

# Of interpolated weights, whose ends are an algorithm: the part of its colour's light that is left.
DARKER, LIGHTER_BLACK = 0.6, "#555555"

_KNOWN = STYLES | ASPECTS
# The learners without a style of their own in the figure that is being drawn.
_spares: ContextVar[tuple[str, ...]] = ContextVar("spares", default=())
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
        looks = {"color": _darker(end.color), "line": _dotted(name.removeprefix(INTERPOLATED))}
        return replace(end, label=f"interpolated ({end.label})", filled=False, **looks)
    if name in _KNOWN:
        return _KNOWN[name]
    return _spare_style(name)


@contextmanager
def spare_looks(names: Iterable[str]) -> Iterator[None]:
    """Within it, no two of the learners `names` that have no style above share a colour, while there are enough."""
    kinds = {parts(name).kind.removeprefix(INTERPOLATED) for name in names}
    token = _spares.set(tuple(sorted(kinds - set(_KNOWN))))
    try:
        yield
    finally:
        _spares.reset(token)


def _spare_style(name: str) -> LearnerStyle:
    """The looks that the name alone decides or, if another in the figure has them, the next that are free."""
    places: dict[str, int] = {}
    for index, other in enumerate(dict.fromkeys((*_spares.get(), name))):
        again, wanted = index // len(SPARE_COLORS), crc32(other.encode())
        free = [again * len(SPARE_COLORS) + (wanted + step) % len(SPARE_COLORS) for step in range(len(SPARE_COLORS))]
        places[other] = next(place for place in free if place not in places.values())
    again, color = divmod(places[name], len(SPARE_COLORS))
    line, marker = (color + again) % len(SPARE_LINES), (color + 2 * again) % len(SPARE_MARKERS)
    return LearnerStyle(name, SPARE_COLORS[color], SPARE_LINES[line], SPARE_MARKERS[marker])


def _darker(color: str) -> str:
    """A colour of its own that is still seen to belong to `color`; of black a grey."""
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    if red == green == blue == 0:
        return LIGHTER_BLACK
    return "#" + "".join(f"{round(DARKER * part):02X}" for part in (red, green, blue))


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


def by_run(names: Iterable[str]) -> list[str]:
    """Learners once each, as rows of points list them: those of one run together, what runs share at the end."""
    ordered = in_order(names)
    last = len(ordered)
    return sorted(ordered, key=lambda name: parts(name).number or last)


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
