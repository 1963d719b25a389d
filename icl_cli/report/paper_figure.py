"""A figure of the paper from its description in a sweep file: panels in rows, one legend, all numbers in one table."""

import textwrap
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from icl_cli.errors import told_of, unknown_name
from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing, PanelWords
from icl_cli.report.drawn_seeds import DrawnSeeds, drawn_seeds, only_seed, seeds_named
from icl_cli.report.formatting import count, enumeration
from icl_cli.report.labels import drawable_text, without_formulas
from icl_cli.report.learners import INTERPOLATED, in_order, learner_style, parts, spare_looks
from icl_cli.report.legends import LEGEND_HEIGHT, legend_above
from icl_cli.report.named_baselines import only_named
from icl_cli.report.panel_height import FRAME_HEIGHT, rows_height
from icl_cli.report.panel_series import panel_series
from icl_cli.report.panels import PANELS, Panel, complete_options
from icl_cli.report.panels.panel import Series, Shown
from icl_cli.report.scales import drawable
from icl_cli.report.style import FAINT, INK, TWO_COLUMNS, new_figure
from icl_cli.report.told_apart import left_out_sentence, told_apart
from icl_cli.report.wording import errors_text, spread_text
from icl_cli.sweeps.figure_spec import FigureSpec, PanelSpec
from icl_cli.sweeps.file_places import panel_place
from icl_cli.sweeps.runs_spec import RunsSpec

# Height of a row of panels in inches, by the panels in it.
ROW_HEIGHTS = {1: 2.8, 2: 2.3, 3: 2.0}
SMALLEST_ROW_HEIGHT = 1.9
LONGEST_TITLE = 80
# What a panel's vertical axis takes of its column, and the width of a letter, in inches.
AXIS_WIDTH, LETTER_WIDTH = 0.5, 0.062
TITLE_LINE = 0.14
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class _Placed:
    """One panel with its letter and what it shows; `numbers` is None where nothing is measured.

    `left_out` names what was measured and would have been too much for it.
    """

    letter: str
    title: str
    panel: Panel
    shown: Shown
    numbers: pandas.DataFrame | None
    left_out: list[str] = field(default_factory=list)


def draw_paper_figure(
    spec: FigureSpec, families: Mapping[str, Sequence[Family]], runs: Mapping[str, RunsSpec] | None = None
) -> Drawing:
    """The figure that `spec` describes, of the runs in `families`, by label; call it within `paper_style`.

    Of what they were compared with it shows only what the file's `runs`, by label, or a panel names (None: all).
    Panels without numbers are empty frames, which the caption names. The numbers of all panels are one table, whose
    column `panel` holds the panel's letter. Raises `UsageError` for an unknown kind of panel or option.
    """
    check_figure(spec)
    every = [
        _named(panel, series, families, runs)
        for panel, series in zip(spec.panels, panel_series(spec, families), strict=True)
    ]
    placed = [
        _place(_letter(index), panel, series)
        for index, (panel, series) in enumerate(zip(spec.panels, every, strict=True))
    ]
    frames = [one.numbers.assign(panel=one.letter) for one in placed if one.numbers is not None]
    numbers = pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame(columns=["panel", "value"])
    numbers.insert(0, "panel", numbers.pop("panel"))
    caption = _caption(placed)
    with spare_looks(_learners(numbers)):
        figure = _draw(placed, spec.columns)
    words = {
        one.letter: PanelWords(one.title, axes.get_xlabel(), axes.get_ylabel())
        for one, axes in zip(placed, figure.axes, strict=False)
    }
    return Drawing(figure, numbers, caption, f"{count(len(placed), 'chart')}. {caption}", words, _left_out(placed))


def drawn_looks(drawing: Drawing) -> AbstractContextManager[None]:
    """Within it, learners look as they do in this figure of a sweep."""
    return spare_looks(_learners(drawing.numbers))


def _learners(numbers: pandas.DataFrame) -> list[str]:
    return numbers["learner"].dropna().unique().tolist() if "learner" in numbers else []


def check_figure(spec: FigureSpec) -> None:
    """Raise `UsageError` for a kind of panel or an option that there is not."""
    for index, panel in enumerate(spec.panels):
        with told_of(panel_place(index, panel.kind)):
            if panel.kind not in PANELS:
                raise unknown_name("kind of panel", panel.kind, PANELS)
            complete_options(PANELS[panel.kind], panel.options)


def _place(letter: str, spec: PanelSpec, series: Sequence[Series]) -> _Placed:
    panel = PANELS[spec.kind]
    shown = Shown(series, complete_options(panel, spec.options))
    title, numbers = spec.title or panel.title, panel.numbers(shown) if series else None
    if numbers is None:
        return _Placed(letter, title, panel, shown, None)
    return _Placed(letter, title, panel, shown, *told_apart(panel, numbers))


def _named(
    panel: PanelSpec,
    series: Sequence[Series],
    families: Mapping[str, Sequence[Family]],
    runs: Mapping[str, RunsSpec] | None,
) -> Sequence[Series]:
    """The series with those of their comparisons that the file names."""
    if runs is None:
        return series
    own = {run.id for label in families.values() for family in label for run in family.runs}
    also = complete_options(PANELS[panel.kind], panel.options).get("baselines", [])
    return only_named(series, runs, own, also)


def _letter(index: int) -> str:
    """a … z, then aa, ab, …"""
    first, last = divmod(index, 26)
    return (chr(ord("a") + first - 1) if first else "") + chr(ord("a") + last)


def _draw(placed: Sequence[_Placed], most_columns: int) -> Figure:
    columns = min(most_columns, len(placed))
    rows = -(-len(placed) // columns)
    titles = [_title(one, TWO_COLUMNS / columns) for one in placed]
    wanted = [_height(one, title, columns, TWO_COLUMNS / columns) for one, title in zip(placed, titles, strict=True)]
    heights = [max(wanted[row * columns : (row + 1) * columns]) for row in range(rows)]
    figure = new_figure(TWO_COLUMNS, sum(heights) + LEGEND_HEIGHT)
    ratios = [height - FRAME_HEIGHT for height in heights]
    grid = figure.subplots(rows, columns, squeeze=False, height_ratios=ratios).flatten()
    for index, (one, title) in enumerate(zip(placed, titles, strict=True)):
        _draw_panel(grid[index], one)
        grid[index].set_title(title, loc="left")
        if heights[index // columns] > wanted[index] and ratios[index // columns] > TWO_COLUMNS / columns:
            _keep_square(grid[index])
    for axes in grid[len(placed) :]:
        axes.set_axis_off()
    learners = {name for one in placed if one.numbers is not None for name in one.panel.legend(one.numbers)}
    if learners:
        legend_above(figure, learners)
    return figure


def _draw_panel(axes: Axes, one: _Placed) -> None:
    if one.numbers is None:
        _draw_empty(axes, NOT_MEASURED)
    elif not _has_numbers(one):
        _draw_empty(axes, "no finite number")
    else:
        one.panel.draw(axes, one.numbers, one.shown)


def _keep_square(axes: Axes) -> None:
    """Beside a panel with many rows of points, curves would become steep beyond reading."""
    if axes.get_aspect() == "auto":
        axes.set_box_aspect(1)
        axes.set_anchor("N")


def _draw_empty(axes: Axes, words: str) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, linestyle=(0, (4, 3)), color=FAINT)
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=INK)


def _height(one: _Placed, title: str, columns: int, column: float) -> float:
    """Inches that a panel needs at least, its title and axes included."""
    rows = 0.0 if one.numbers is None else rows_height(one.panel, one.numbers, column)
    return max(ROW_HEIGHTS.get(columns, SMALLEST_ROW_HEIGHT), rows) + TITLE_LINE * title.count("\n")


def _title(one: _Placed, column: float) -> str:
    """The letter, bold, and the title, which no formula can be in, in as many lines as the column makes of it."""
    text = drawable_text(one.title, LONGEST_TITLE)
    lines = textwrap.wrap(text, max(8, int((column - AXIS_WIDTH) / LETTER_WIDTH) - 4)) or [""]
    words = without_formulas("\n".join(lines))
    return rf"$\mathbf{{{one.letter}}}$  {words}"


def _has_numbers(one: _Placed) -> bool:
    return one.numbers is not None and bool(drawable(one.numbers)["value"].notna().any())


def _caption(placed: Sequence[_Placed]) -> str:
    titles = " ".join(f"({one.letter}) {one.title}." for one in placed)
    words = [titles, *_absent(placed), *_left_out(placed), *_seeds(placed)]
    return " ".join(word for word in words if word)


def _left_out(placed: Sequence[_Placed]) -> list[str]:
    return [sentence for one in placed for sentence in left_out_sentence(one.left_out, f" of ({one.letter})")]


def _absent(placed: Sequence[_Placed]) -> list[str]:
    """What was asked for and is not there: whole panels, and baselines and seeds within the others."""
    empty = [f"({one.letter}) {one.title}" for one in placed if one.numbers is None]
    sentences = [f"Not measured: {enumeration(empty)}."] if empty else []
    for one in placed:
        baselines = [learner_style(name).label for name in _missing_baselines(one)]
        seeds = _drawn_seeds(one)
        own = {} if only_seed(seeds) is not None else {each.label: each.absent for each in seeds}
        missing = baselines + seeds_named(own)
        sentences += [f"Not measured in ({one.letter}): {enumeration(missing)}."] if missing else []
    return sentences


def _missing_baselines(one: _Placed) -> list[str]:
    wanted = one.shown.options.get("baselines", [])
    if one.numbers is None or not wanted:
        return []
    names = one.numbers["baseline" if "baseline" in one.numbers else "learner"].unique()
    there = {parts(name).kind.removeprefix(INTERPOLATED) for name in names}
    return in_order(name for name in wanted if name not in there)


def _drawn_seeds(one: _Placed) -> list[DrawnSeeds]:
    """The seeds behind a panel, for each of its series."""
    if one.numbers is None:
        return []
    runs = one.numbers["run"]
    return [drawn_seeds(each.text, each.family, one.numbers.loc[runs == each.text]) for each in one.shown.series]


def _seeds(placed: Sequence[_Placed]) -> list[str]:
    """How many seeds are behind each run's numbers, and how their curves are to be read."""
    counts: dict[str, set[int]] = {}
    single: dict[int, list[str]] = {}
    for one in placed:
        drawn = _drawn_seeds(one)
        only = only_seed(drawn)
        if only is not None and any(len(each.finished) > 1 for each in drawn):
            single.setdefault(only, []).append(f"({one.letter})")
            continue
        for series, each in zip(one.shown.series, drawn, strict=False):
            if each.behind.most:
                counts.setdefault(series.label, set()).update((each.behind.fewest, each.behind.most))
    alone = [f"In {enumeration(letters)} seed {seed} alone." for seed, letters in single.items()]
    return [*_spread(counts, [one.numbers for one in placed if one.numbers is not None]), *alone]


def _spread(runs: Mapping[str, set[int]], frames: Sequence[pandas.DataFrame]) -> list[str]:
    """`runs` are by label the numbers of seeds, at least and at most, in each panel; `frames` the panels' numbers."""
    if not runs:
        return []
    most = max(max(counts) for counts in runs.values())
    if most == 1:
        return [f"One seed each{errors_text(frames)}"]
    same = len(set.union(*runs.values())) == 1
    seeds = str(most) if same else enumeration([f"{label}: {_range(counts)}" for label, counts in runs.items()])
    return [f"Seeds: {seeds}{spread_text(frames)}{errors_text(frames)}"]


def _range(counts: set[int]) -> str:
    """`5`, or `3 to 5` where configurations of one label differ."""
    return str(min(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
