"""The legend above a figure: every learner or, of many, what their looks are made of.

An entry for each of many learners would take half the figure. Then the runs, which markers tell apart, have an entry
each, the algorithms, which colours and lines tell apart, and all interpolated weights, which open markers tell apart.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import IdentityTransform

from icl_cli.report.curves import learner_looks, legend_label
from icl_cli.report.learners import INTERPOLATED, MODEL, TRAINING, LineStyle, in_order, learner_style, numbered, parts
from icl_cli.report.style import INK

# More learners than these are listed as runs and algorithms.
MOST_LISTED = 6
# Of a legend in the type of `style`: its handles with their gaps, and a letter.
HANDLE_INCHES = 0.5
CHARACTER_INCHES = 0.05
# Between its columns, in letters.
SPACING = 1.2
# What figures leave free for a legend of a line.
LEGEND_HEIGHT = 0.35


def legend_above(
    figure: Figure,
    learners: Iterable[str],
    line: LineStyle | None = None,
    markers: bool = True,
    drawn: Axes | None = None,
) -> None:
    """One legend for all panels, in as many columns as there is room for; the figure grows with it.

    Of a figure of one panel it shows the lines as they are `drawn` there.
    """
    names = in_order(learners)
    own = {name: _handle(name, line, markers, drawn) for name in names}
    handles = list(own.values()) if len(names) <= MOST_LISTED else [*_run_handles(own), *_kind_handles(own)]
    columns = _columns([len(str(handle.get_label())) for handle in handles], figure.get_figwidth())
    legend = figure.legend(handles=handles, loc="outside upper center", ncols=columns, columnspacing=SPACING)
    beyond = legend.get_window_extent().height / figure.get_dpi() - LEGEND_HEIGHT
    figure.set_figheight(figure.get_figheight() + max(0.0, beyond))


def _columns(letters: Sequence[int], width: float) -> int:
    """The most columns that labels of so many letters fit into, which matplotlib fills one after the other."""
    for columns in range(len(letters), 1, -1):
        longest = [max(column.tolist()) for column in np.array_split(np.array(letters), columns)]
        if sum(HANDLE_INCHES + CHARACTER_INCHES * longest_label for longest_label in longest) < width:
            return columns
    return 1


def _shared_kinds(names: Sequence[str]) -> list[str]:
    """The kinds of learners other than models that several runs have."""
    kinds = [parts(name).kind for name in names if parts(name).number is not None]
    return [kind for kind in dict.fromkeys(kinds) if kind != MODEL and kinds.count(kind) > 1]


def _run_handles(own: Mapping[str, Line2D]) -> list[Line2D]:
    """An entry for each run, if they share algorithms: that of its model or, where that is not drawn, its marker."""
    kinds = _shared_kinds(list(own))
    every = {name: parts(name) for name in own if kinds}
    models = {it.number: own[name] for name, it in every.items() if it.kind == MODEL}
    others = {it.number: _marker(it.number, it.run) for it in every.values() if it.kind in kinds and it.number}
    handles = others | models
    return [handles[number] for number in sorted(number for number in handles if number is not None)]


def _marker(number: int, run: str) -> Line2D:
    model = numbered(MODEL, number, run)
    marker = learner_style(model).marker
    return Line2D([], [], color=INK, linestyle="none", marker=marker, label=legend_label(model))


def _kind_handles(own: Mapping[str, Line2D]) -> list[Line2D]:
    """An entry for each algorithm, without the markers of the runs; what a single run has is listed as it is.

    Interpolated weights, if there are those of several algorithms, share an entry.
    """
    every = {name: parts(name) for name in own}
    kinds = _shared_kinds(list(own))
    models = {it.number: it.run for it in every.values() if it.kind == MODEL}
    # Of models that differ in depth the runs are named with their layers, and for baselines with their steps.
    counted = {it.kind for it in every.values() if it.number in models and it.run != models[it.number]}
    present = {it.kind for it in every.values()}
    interpolated = {kind for kind in present if kind.startswith(INTERPOLATED)}
    # Without the algorithms themselves no other entry would say which colour is whose.
    interpolated = interpolated if all(kind.removeprefix(INTERPOLATED) in present for kind in interpolated) else set()
    listed: dict[str, Line2D] = {}
    for name, it in every.items():
        if it.kind in interpolated and len(interpolated) > 1:
            listed[INTERPOLATED] = _interpolated(it.kind)
        elif it.kind in kinds:
            listed[it.kind] = _kind(it.kind, ", K steps" if it.kind in counted else "")
        elif it.kind != MODEL or not kinds or it.number is None:
            listed[name] = own[name]
    return list(listed.values())


def _kind(kind: str, steps: str) -> Line2D:
    # The losses on training tasks have the colours of their runs.
    looks = learner_looks(kind, markers=False)
    looks["color"] = INK if kind == TRAINING else looks["color"]
    return Line2D([], [], **looks, label=legend_label(kind) + steps)


def _interpolated(kind: str) -> Line2D:
    looks = learner_looks(kind)
    looks |= {"color": INK, "marker": "o"}
    return Line2D([], [], **looks, label="interpolated with each")


def _handle(learner: str, line: LineStyle | None, markers: bool, drawn: Axes | None) -> Line2D:
    label = legend_label(learner)
    handle = Line2D([], [], **learner_looks(learner, line, markers), label=label)
    if own := [one for one in (drawn.get_lines() if drawn else ()) if one.get_label() == label]:
        handle.update_from(own[0])
        handle.set_transform(IdentityTransform())
        handle.set_markevery(None)
    return handle
