"""Every kind of plot that can be asked for by name: all panels, and the figures of the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from icl_cli.errors import UsageError, unknown_name
from icl_cli.report.drawing import DataFigure, FamilyFigure
from icl_cli.report.figures import FIGURES, OVERVIEWS
from icl_cli.report.panels import PANELS, Panel
from icl_cli.report.panels.about import About
from icl_cli.report.panels.panel import Option as PanelOption
from icl_cli.sweeps.figure_spec import Option

# How many configurations a plot takes, for people.
TAKES = {"one": "one", "overlaid": "several, overlaid", "grid": "several, one curve", "all": "two or more"}
TRAINED = "icl train"


@dataclass(frozen=True)
class PlotKind:
    """A kind of plot: its name on the command line, the words about it, and what draws it.

    `takes` is a key of `TAKES`.
    """

    name: str
    about: About
    takes: str
    source: Panel | FamilyFigure | DataFigure

    @property
    def title(self) -> str:
        """What it is called above its axes."""
        return self.source.title

    @property
    def options(self) -> Mapping[str, PanelOption]:
        """What `--set` may set, by name."""
        return self.source.options if isinstance(self.source, Panel) else {}

    @property
    def needs(self) -> str:
        """The command that its numbers come from."""
        return " ".join(("icl", *self.about.measured_by)) if self.about.measured_by else TRAINED

    def record(self) -> dict[str, Any]:
        """The kind as JSON content."""
        panel = self.source if isinstance(self.source, Panel) else None
        return {
            "kind": self.name,
            "title": self.title,
            "shows": self.about.shows,
            "paper": self.about.paper,
            "needs": self.needs,
            "only": self.about.only or None,
            "configurations": TAKES[self.takes],
            "log_or_linear": panel is not None and panel.rescales,
            "options": {
                name: {"default": option.default, "choices": list(option.choices) or None}
                for name, option in self.options.items()
            },
        }


def plot_kind(name: str) -> PlotKind:
    """The kind called `name`. Raises `UsageError` with the list of all for any other name."""
    if name not in PLOT_KINDS:
        explained_by = f"`icl plot --list` explains all {len(PLOT_KINDS)}."
        raise unknown_name("kind of plot", name, PLOT_KINDS, explained_by)
    return PLOT_KINDS[name]


def several_names() -> str:
    """The kinds that take more than one configuration."""
    return ", ".join(name for name, kind in PLOT_KINDS.items() if kind.takes != "one")


def plot_kinds_table(kinds: Sequence[PlotKind]) -> Table:
    """A line or two a kind."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header, share in (("Kind", None), ("Shows", 5), ("Figure", None), ("Needs", 4)):
        table.add_column(header, ratio=share, no_wrap=share is None)
    for kind in kinds:
        only = f" ({kind.about.only})" if kind.about.only else ""
        table.add_row(kind.name, Text(kind.about.shows), _figures(kind.about.paper), Text(f"{kind.needs}{only}"))
    return table


def _figures(place: str) -> str:
    """`2 and 3` of `Figures 2 and 3`, for a narrow column."""
    return place.removeprefix("Figures ").removeprefix("Figure ").removeprefix("Appendix ")


def _of_page(figure: FamilyFigure) -> PlotKind:
    """A figure of one configuration as the page has it; `page-` tells it from the panel of the same name."""
    name = f"page-{figure.name}" if figure.name in PANELS else figure.name
    command = () if figure.measured_by is None else ("compare", *figure.measured_by)
    return PlotKind(name, About(figure.shows, figure.paper, command), "one", figure)


def _all_kinds() -> list[PlotKind]:
    panels = [PlotKind(panel.name, panel.about, panel.takes, panel) for panel in PANELS.values()]
    overviews = [PlotKind(each.name, About(each.shows, each.paper), "all", each) for each in OVERVIEWS]
    return [*panels, *map(_of_page, FIGURES), *overviews]


PLOT_KINDS: Mapping[str, PlotKind] = {kind.name: kind for kind in _all_kinds()}


def option_values(kind: PlotKind, given: Sequence[str]) -> dict[str, Option]:
    """The options that texts `NAME=VALUE` set, each read as the type of its default; a list is parted at commas.

    Raises `UsageError` for a text without `=`, an option that the kind lacks, and a value of another type.
    """
    values: dict[str, Option] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not kind.options:
            raise UsageError(f"--set: {name!r} given, but {kind.name} has no options. Leave it out.")
        if not equals:
            raise UsageError(f"--set: {text!r} given; write NAME=VALUE, with NAME one of {', '.join(kind.options)}.")
        if name not in kind.options:
            raise unknown_name(f"option of {kind.name}", name, kind.options)
        values[name] = _read(name, value, kind.options[name].default)
    return values


def _read(name: str, text: str, default: Option) -> Option:
    booleans = {"true": True, "false": False}
    try:
        if isinstance(default, bool):
            return booleans[text]
        if isinstance(default, int | float):
            return type(default)(text)
    except (KeyError, ValueError):
        words = "true or false" if isinstance(default, bool) else "an integer" if type(default) is int else "a number"
        raise UsageError(f"--set: {name}={text!r} given; it must be {words}.") from None
    return text.split(",") if isinstance(default, list) else text
