"""What a panel of a figure is: the numbers in it, how they are drawn, and the options that a sweep file may give."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas
from matplotlib.axes import Axes

from icl_cli.config import RunConfig
from icl_cli.errors import UsageError, unknown_name
from icl_cli.report.data import Family
from icl_cli.report.formatting import count
from icl_cli.report.learners import MODEL, TRAINING, numbered
from icl_cli.report.panels.about import About
from icl_cli.sweeps.figure_spec import Option as OptionValue

# One configuration alone; each a curve of its own; each a point of one curve.
Takes = Literal["one", "overlaid", "grid"]


@dataclass(frozen=True)
class Series:
    """The runs of one configuration, as a panel shows them.

    **Fields**: `label` is that of the sweep's runs; `text` says the values of a grid too; `number` counts the series
    of a figure that share panels, from 1, None for one that always stands alone; `others` says of each of the family's
    baselines that is the model of another series what it is called there. `says_depth` is true where the figure's
    models differ in depth and `text` does not say it: names then say the layers, and the steps of baselines.
    """

    label: str
    text: str
    number: int | None
    family: Family
    others: Mapping[str, str] = field(default_factory=dict)
    says_depth: bool = False

    def learner(self, kind: str) -> str:
        """The name of this learner in the panel's numbers."""
        if kind in self.others:
            return self.others[kind]
        return kind if self.number is None else numbered(kind, self.number, f"{self.text}{self._depth(kind)}")

    def steps(self, baseline: str) -> int | None:
        """How many steps this baseline takes; None for one without steps, and for what is no baseline."""
        tuned = self.family.baselines.get(baseline)
        return tuned.depends_on.get("steps") if tuned else None

    def _depth(self, kind: str) -> str:
        if not self.says_depth:
            return ""
        steps = self.steps(kind)
        if steps is not None:
            return f", {count(steps, 'step')}"
        return "" if kind in self.family.baselines else f", K = {self.family.config.model.layers}"


@dataclass(frozen=True)
class Shown:
    """What one panel is about: at least one series, and every option of its kind."""

    series: Sequence[Series]
    options: Mapping[str, Any]

    def learner(self, series: Series, kind: str) -> str:
        """What a learner of one series is called; baselines of a single series need not say whose they are."""
        alone = len(self.series) == 1 and kind not in (MODEL, TRAINING, *series.others)
        return kind if alone else series.learner(kind)

    @property
    def config(self) -> RunConfig:
        """The configuration that says the loss convention and the shape of tokens."""
        return self.series[0].family.config

    @property
    def steps(self) -> int:
        """The steps of the longest training."""
        return max(one.family.config.training.steps for one in self.series)


@dataclass(frozen=True)
class Option:
    """An option of a kind of panel: its value if none is given, and what else is allowed.

    The type of the value is the type of the default; `choices` are the allowed texts, none for any.
    """

    default: OptionValue
    choices: Sequence[str] = ()
    smallest: float = float("-inf")


@dataclass(frozen=True)
class Panel:
    """An entry of the registry.

    **Fields**: `numbers` returns everything that the panel shows, or None where nothing is measured; `draw` draws from
    them. `overlays` says whether all series share one pair of axes as curves of their own; `legend` returns, of the
    numbers, which learners the figure's common legend has to explain.

    `about` tells people of it; `takes` says how many configurations a plot of its own shows; `of_losses`, that these
    must share a loss convention; `rescales`, that its vertical axis may be logarithmic or linear, as they like;
    `takes_one_baseline`, that several configurations can be told apart only beside the same one; `is_map`, that it is
    a square map, which is as high as it is wide.
    """

    name: str
    title: str
    numbers: Callable[[Shown], pandas.DataFrame | None]
    draw: Callable[[Axes, pandas.DataFrame, Shown], None]
    options: Mapping[str, Option] = field(default_factory=dict)
    overlays: bool = True
    legend: Callable[[pandas.DataFrame], Sequence[str]] = lambda numbers: list(numbers["learner"].unique())
    about: About = field(kw_only=True)
    takes: Takes = field(default="overlaid", kw_only=True)
    of_losses: bool = field(default=False, kw_only=True)
    rescales: bool = field(default=False, kw_only=True)
    takes_one_baseline: bool = field(default=False, kw_only=True)
    is_map: bool = field(default=False, kw_only=True)


def no_legend(_: pandas.DataFrame) -> Sequence[str]:
    """For panels that are read without the common legend."""
    return ()


def complete_options(panel: Panel, given: Mapping[str, OptionValue]) -> dict[str, Any]:
    """Every option of `panel`. Raises `UsageError` for one that it does not have, or with a value that it lacks."""
    for name in given:
        if name not in panel.options:
            raise _unknown_option(panel, name)
    return {name: _value(panel, name, option, given) for name, option in panel.options.items()}


def _unknown_option(panel: Panel, name: str) -> UsageError:
    if not panel.options:
        return UsageError(f"Unknown option {name!r} of panel {panel.name!r}: it has none. Remove it.")
    return unknown_name(f"option of panel {panel.name!r}", name, panel.options)


def _value(panel: Panel, name: str, option: Option, given: Mapping[str, OptionValue]) -> Any:
    value = given.get(name, option.default)
    expected = type(option.default)
    if expected is float and type(value) is int:
        value = float(value)
    if type(value) is not expected or (isinstance(value, list) and not all(isinstance(one, str) for one in value)):
        words = {list: "a list of texts", str: "a text", bool: "true or false", int: "an integer", float: "a number"}
        raise UsageError(f"Option {name!r} of panel {panel.name!r} is {value!r}; it must be {words[expected]}.")
    if option.choices and value not in option.choices:
        raise unknown_name(f"{name} of panel {panel.name!r}", str(value), option.choices)
    if isinstance(value, int | float) and value < option.smallest:
        raise UsageError(f"Option {name!r} of panel {panel.name!r} is {value}; it must be {option.smallest:g} or more.")
    return value
