"""Which runs each panel of a figure shows, and under which number where several share a panel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from icl_cli.conventions import flat
from icl_cli.distinguishing import setting_text
from icl_cli.report.data import Family
from icl_cli.report.learners import MODEL
from icl_cli.report.panels import PANELS
from icl_cli.report.panels.panel import Series
from icl_cli.report.settings import KEY_SETTINGS
from icl_cli.sweeps.figure_spec import FigureSpec, PanelSpec

# A run's place in a figure: its label, and which of the label's configurations.
_Place = tuple[str, int]


def panel_series(spec: FigureSpec, families: Mapping[str, Sequence[Family]]) -> list[list[Series]]:
    """For each panel its series, of configurations with finished runs alone; a label without any has none.

    In a figure with a panel that several configurations share, each has the same number in all panels of curves.
    """
    places = [_places(panel, families) for panel in spec.panels]
    overlaid = [own for panel, own in zip(spec.panels, places, strict=True) if _overlays(panel)]
    one_label = len({label for own in places for label, _ in own}) == 1
    order = list(dict.fromkeys(place for own in overlaid for place in own))
    shared = any(len(own) > 1 for own in overlaid)
    numbers = {place: index for index, place in enumerate(order, 1) if shared}
    depths = {families[label][index].config.model.layers for label, index in order}
    every = [
        [
            Series(
                label,
                _text(label, index, families[label], one_label),
                numbers.get((label, index)) if _overlays(panel) else None,
                families[label][index],
                says_depth=len(depths) > 1 and not _differ_in_depth(families[label]),
            )
            for label, index in own
        ]
        for panel, own in zip(spec.panels, places, strict=True)
    ]
    models = {run.id: one.learner(MODEL) for own in every for one in own if one.number for run in one.family.runs}
    return [[replace(one, others=_named_as(one.family.others, models)) for one in own] for own in every]


def _named_as(others: Mapping[str, str], models: Mapping[str, str]) -> dict[str, str]:
    """What those of `others`, names with run ids, are called that are among the figure's `models`, by run id."""
    return {name: models[run_id] for name, run_id in others.items() if run_id in models}


def _overlays(panel: PanelSpec) -> bool:
    return PANELS[panel.kind].overlays


def _places(panel: PanelSpec, families: Mapping[str, Sequence[Family]]) -> list[_Place]:
    return [
        (label, index)
        for label in panel.runs or families
        for index, family in enumerate(families.get(label, ()))
        if family.finished
    ]


def _text(label: str, index: int, families: Sequence[Family], one_label: bool) -> str:
    """The label and, for one configuration of a grid, the values that differ within the grid.

    Where all runs of a figure have `one_label`, these say everything.
    """
    if len(families) == 1:
        return label
    values = [flat(family.config.model_dump(exclude={"seed"})) for family in families]
    texts = _differing(values, setting_text)
    # Numbers that are alike in the digits that people read are written in full.
    words = (texts if len({*map(tuple, texts)}) == len(texts) else _differing(values, str))[index]
    return ", ".join(words if one_label else [label, *words])


def _differ_in_depth(families: Sequence[Family]) -> bool:
    """Whether the texts of a grid say the layers of its configurations."""
    return len({family.config.model.layers for family in families}) > 1


def _differing(values: Sequence[Mapping[str, Any]], say: Callable[[Any], str]) -> list[list[str]]:
    """For each configuration what sets it apart from the others, as `say` writes values."""
    differing = [path for path in values[0] if len({say(one.get(path)) for one in values}) > 1]
    # Of settings that follow from others only the latter need be said.
    named = [path for path in differing if path in KEY_SETTINGS] or differing
    return [[f"{_name(path)} {say(one.get(path))}" for path in named] for one in values]


def _name(path: str) -> str:
    """A setting's letter, as in `N = 10`, or what it is called without one."""
    name = KEY_SETTINGS.get(path, path)
    letter = name.rpartition(" ")[2]
    return f"{letter} =" if len(letter) == 1 else name
