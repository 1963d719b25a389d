"""What a figure is: a picture, exactly the numbers in it, and the words beneath it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas
from matplotlib.figure import Figure

from icl_cli.report.data import Data, Family


@dataclass(frozen=True)
class PanelWords:
    """What a panel is called, and what stands along its axes."""

    title: str
    x: str
    y: str


@dataclass(frozen=True)
class Drawing:
    """A drawn figure. `alternative` says what it shows to those who cannot see it.

    `panels` are the words of panels by their letter, where the numbers have a column `panel`; `left_out` says, as the
    caption does, what is not drawn as there were too many curves.
    """

    figure: Figure
    numbers: pandas.DataFrame
    caption: str
    alternative: str
    panels: Mapping[str, PanelWords] = field(default_factory=dict)
    left_out: Sequence[str] = ()


@dataclass(frozen=True)
class FamilyFigure:
    """An entry of the registry: a figure of one family of runs. Its file names begin with `name`.

    `draw` returns None where the database lacks its numbers; `icl compare` with the options `measured_by` may then
    supply them, or no command does (None). `shows` says what it shows and `paper` where the paper has it.
    """

    name: str
    title: str
    draw: Callable[[Family], Drawing | None]
    measured_by: tuple[str, ...] | None
    shows: str = field(kw_only=True)
    paper: str = field(kw_only=True)


@dataclass(frozen=True)
class DataFigure:
    """An entry of the registry: a figure of all families together, None where it would show nothing."""

    name: str
    title: str
    draw: Callable[[Data], Drawing | None]
    shows: str = field(kw_only=True)
    paper: str = field(kw_only=True)
