"""One plot of chosen runs: a panel on a figure of its own, or a figure of the page, with a title that says of what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas
from matplotlib.axes import Axes

from icl_cli.conventions import flat
from icl_cli.errors import NothingMatchedError, UsageError, unknown_name
from icl_cli.report.data import Data, Family
from icl_cli.report.drawing import DataFigure, Drawing, FamilyFigure
from icl_cli.report.drawn_seeds import DrawnSeeds, drawn_seeds, mean_seeds
from icl_cli.report.formatting import count
from icl_cli.report.labels import family_titles
from icl_cli.report.learners import RUN_COLORS, spare_looks
from icl_cli.report.legends import legend_above
from icl_cli.report.panel_height import rows_height
from icl_cli.report.panel_series import panel_series
from icl_cli.report.panels import Panel, complete_options
from icl_cli.report.panels.panel import Series, Shown
from icl_cli.report.plot_kinds import PLOT_KINDS, PlotKind, several_names
from icl_cli.report.plot_missing import not_measured
from icl_cli.report.plot_title import compared_text, legend_height, seeds_text, set_title, title_lines
from icl_cli.report.scales import drawable, rescale
from icl_cli.report.style import COLUMN_WIDTHS, new_figure
from icl_cli.report.told_apart import left_out_sentence, told_apart
from icl_cli.report.wording import spread_sentence
from icl_cli.sweeps.figure_spec import FigureSpec, Option, PanelSpec

Scale = Literal["log", "linear"]
MOST_RUNS = len(RUN_COLORS)
# Inches without legend and title, by the columns of the page.
HEIGHTS = {1: 2.1, 2: 2.8}
MAP_HEIGHTS = {1: 2.4, 2: 4.2}
GRID_LABEL = "runs"


@dataclass(frozen=True)
class PlotRequest:
    """What to draw: a kind, on how many `columns` (None: as the kind likes), its options, and its vertical scale."""

    kind: PlotKind
    columns: int | None
    options: Mapping[str, Option]
    scale: Scale | None


def draw_plot(data: Data, request: PlotRequest) -> Drawing:
    """The plot of all runs in `data`; call it within `paper_style`.

    Raises `UsageError` for runs, options or a scale that the kind does not take, and `NothingMatchedError`, with the
    command that measures it, where a number is missing.
    """
    families = _finished(data)
    with spare_looks(name for family in families for name in family.baselines):
        return _draw(data, families, request)


def _draw(data: Data, families: list[Family], request: PlotRequest) -> Drawing:
    source = request.kind.source
    if request.scale is not None and not (isinstance(source, Panel) and source.rescales):
        raise _no_scale(request.kind)
    if isinstance(source, Panel):
        return _draw_panel(data, families, source, request)
    drawing = _draw_figure(data, families, source, request.kind)
    _require_width(drawing, request)
    height = drawing.figure.get_figheight()
    room = height if not drawing.figure.legends else height - legend_height(drawing.figure)
    seeds = seeds_text(_figure_seeds(families, drawing.numbers), drawing.numbers)
    set_title(drawing.figure, title_lines(request.kind.title, families, drawing.numbers, seeds), room)
    return drawing


def _figure_seeds(families: Sequence[Family], numbers: pandas.DataFrame) -> list[DrawnSeeds]:
    """Of a figure of one family; or of one that shows the means of several alone, by `family`."""
    labels = family_titles(families)
    if "seed" in numbers:
        return [drawn_seeds(labels[0], families[0], numbers)]
    return [
        mean_seeds(label, family, numbers.loc[numbers["family"] == family.short_id])
        for label, family in zip(labels, families, strict=True)
    ]


def _finished(data: Data) -> list[Family]:
    unfinished = [run for family in data.families if not family.finished for run in family.runs]
    if unfinished:
        states = ", ".join(f"{run.short_id} is {run.status.value}" for run in unfinished)
        raise NothingMatchedError(f"Only finished runs can be drawn: {states}. See `icl runs list`.")
    return list(data.families)


def _draw_figure(data: Data, families: Sequence[Family], figure: FamilyFigure | DataFigure, kind: PlotKind) -> Drawing:
    if isinstance(figure, DataFigure):
        drawing = figure.draw(data)
        if drawing is None:
            raise UsageError(
                f"{kind.name} shows two configurations or more; {len(families)} given. Name more runs, or draw losses."
            )
        return drawing
    _require_one(kind, families)
    drawing = figure.draw(families[0])
    if drawing is None:
        raise not_measured(kind, families, data.source)
    return drawing


def _require_width(drawing: Drawing, request: PlotRequest) -> None:
    if request.columns is None or drawing.figure.get_figwidth() == COLUMN_WIDTHS[request.columns]:
        return
    fitting = next(columns for columns, width in COLUMN_WIDTHS.items() if width == drawing.figure.get_figwidth())
    raise UsageError(
        f"--columns: {request.columns} given; {request.kind.name} is laid out for {count(fitting, 'column')}. "
        f"Give --columns {fitting} or leave it out."
    )


def _draw_panel(data: Data, families: list[Family], panel: Panel, request: PlotRequest) -> Drawing:
    options = complete_options(panel, request.options)
    _require_fitting(request.kind, panel, families, options)
    series = _series(panel, families, request.options)
    _require_compared(families, options.get("baselines", []))
    _require_measured(data, panel, series, request)
    shown = Shown(series, options)
    numbers = panel.numbers(shown)
    if numbers is None or not np.isfinite(drawable(numbers)["value"].to_numpy(float)).any():
        raise NothingMatchedError(
            f"Every number of {request.kind.name} is missing or not finite here; there is nothing to draw."
        )
    numbers, left_out = told_apart(panel, numbers)
    columns = request.columns or 1
    width, heights = COLUMN_WIDTHS[columns], MAP_HEIGHTS if panel.is_map else HEIGHTS
    height = rows_height(panel, numbers, width) or heights[columns]
    axes = new_figure(width, height).subplots()
    panel.draw(axes, numbers, shown)
    if request.scale is not None:
        rescale(axes, numbers, request.scale)
    drawing = _titled(axes, series, numbers, panel, height)
    return replace(drawing, caption=" ".join([drawing.caption, *left_out_sentence(left_out)]))


def _require_compared(families: Sequence[Family], baselines: Any) -> None:
    """Raise `UsageError` for a chosen baseline that none of the families was compared with, if any were with others."""
    known = {name for family in families for name in family.baselines}
    for name in baselines if known else ():
        if name not in known:
            compared = f"Compared with so far: {', '.join(sorted(known))}."
            more = "More by `icl compare RUN --baseline BASELINE`."
            raise unknown_name("baseline of these runs", name, known, f"{compared} {more}")


def _require_measured(data: Data, panel: Panel, series: Sequence[Series], request: PlotRequest) -> None:
    """Raise `NothingMatchedError` unless every series has numbers."""

    def without(options: Mapping[str, Option]) -> list[Family]:
        complete = complete_options(panel, options)
        return [one.family for one in series if panel.numbers(Shown([one], complete)) is None]

    if lacking := without(request.options):
        defaults = None if without({}) else complete_options(panel, {})
        raise not_measured(request.kind, lacking, data.source, request.options, defaults)


def _titled(axes: Axes, series: Sequence[Series], numbers: pandas.DataFrame, panel: Panel, height: float) -> Drawing:
    figure = axes.get_figure(root=True)
    assert figure is not None
    if learners := panel.legend(numbers):
        legend_above(figure, learners, drawn=axes)
    families = [one.family for one in series]
    compared = compared_text(families, numbers)
    seeds = [
        drawn_seeds(label, one.family, numbers.loc[numbers["run"] == one.text])
        for label, one in zip(family_titles(families), series, strict=True)
    ]
    set_title(figure, title_lines(panel.title, families, numbers, seeds_text(seeds, numbers)), height)
    caption = f"{panel.title}: {compared}. {spread_sentence(seeds, numbers)}"
    return Drawing(figure, numbers, caption, f"{panel.about.shows.capitalize()}: {compared}.")


def _series(panel: Panel, families: Sequence[Family], options: Mapping[str, Option]) -> list[Series]:
    spec = FigureSpec(panels=(PanelSpec(kind=panel.name, options=dict(options)),))
    labelled = (
        {GRID_LABEL: list(families)}
        if panel.takes == "grid"
        else {label: [family] for label, family in zip(family_titles(families), families, strict=True)}
    )
    return panel_series(spec, labelled)[0]


def _require_fitting(kind: PlotKind, panel: Panel, families: Sequence[Family], options: Mapping[str, Any]) -> None:
    if panel.takes == "one":
        _require_one(kind, families)
    if panel.takes == "grid":
        _require_grid(kind, families, str(options["path"]))
    elif len(families) > MOST_RUNS:
        raise UsageError(
            f"{len(families)} configurations given; at most {MOST_RUNS} can be told apart in one plot. Name fewer runs."
        )
    if panel.takes_one_baseline and len(families) > 1 and len(options["baselines"]) != 1:
        raise UsageError(
            f"{kind.name} shows several runs against one baseline, as its lines tell measures apart. Choose it, "
            "such as --set baselines=gd."
        )
    if panel.of_losses and len({family.config.training.loss for family in families}) > 1:
        raise UsageError(
            f"{kind.name}: runs with the losses squared-error and half-squared-error given, which one axis cannot "
            "hold. Name runs of one convention."
        )


def _require_one(kind: PlotKind, families: Sequence[Family]) -> None:
    if len(families) > 1:
        titles = zip(families, family_titles(families), strict=True)
        labels = ", ".join(f"{family.finished[0].short_id} ({title})" for family, title in titles)
        raise UsageError(
            f"{kind.name} shows one configuration; {len(families)} were given: {labels}. Name runs of one; several can "
            f"be overlaid by {several_names()}."
        )


def _require_grid(kind: PlotKind, families: Sequence[Family], path: str) -> None:
    """Raise `UsageError` unless the configurations differ in the setting that the curve goes over."""
    values = [flat(family.config.model_dump(exclude={"seed"})) for family in families]
    if len({str(one.get(path)) for one in values}) > 1 or path not in values[0]:
        return
    differing = [name for name in values[0] if len({str(one.get(name)) for one in values}) > 1]
    hint = f"They differ in {', '.join(differing)}: --set path={differing[0]}." if differing else "Name more runs."
    raise UsageError(f"{kind.name} goes over {path}, which is {values[0][path]} in all runs given. {hint}")


def _no_scale(kind: PlotKind) -> UsageError:
    allowed = [one.name for one in PLOT_KINDS.values() if isinstance(one.source, Panel) and one.source.rescales]
    return UsageError(f"--log and --linear do not apply to {kind.name}; they do to {', '.join(allowed)}.")
