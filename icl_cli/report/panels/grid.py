"""Numbers over a value of the configuration, for runs that differ in it: one point for each configuration."""

from collections.abc import Callable, Iterable

import pandas
from matplotlib.axes import Axes

from icl_cli.conventions import flat, resolve
from icl_cli.errors import unknown_name
from icl_cli.report.curves import draw_curves
from icl_cli.report.data import Family
from icl_cli.report.learners import numbered
from icl_cli.report.panels.panel import Option, Shown
from icl_cli.report.scales import LARGEST_LINEAR_FACTOR, log_axis
from icl_cli.report.seeds import with_mean
from icl_cli.report.settings import KEY_SETTINGS

PATH = {"path": Option("task.context_length")}


def over_grid(shown: Shown, numbers: Callable[[Family], pandas.DataFrame]) -> pandas.DataFrame | None:
    """The numbers of every configuration by `setting`, its value at the option `path`, with means over seeds.

    **Arguments**: `numbers` returns learner, seed, value and standard_error of a family. Raises `UsageError` for a
    path that no configuration has. Configurations whose value is no number are left out.
    """
    path = shown.options["path"]
    allowed = flat(resolve(None, {}).config.model_dump())
    if path not in allowed:
        raise unknown_name("configuration path", path, allowed)
    values = [flat(series.family.config.model_dump())[path] for series in shown.series]
    # Where every configuration has a value of its own, its place says which one it is.
    labels = [] if len(set(values)) == len(values) else list(dict.fromkeys(series.label for series in shown.series))
    frames = []
    for series, value in zip(shown.series, values, strict=True):
        own = numbers(series.family)
        if isinstance(value, int | float) and not own.empty:
            names = _names(own["learner"], series.label, labels)
            points = with_mean(own.assign(learner=names, setting=value), ["learner", "setting"])
            frames.append(points.assign(run=series.text))
    if not frames:
        return None
    return pandas.concat(frames, ignore_index=True).sort_values("setting", kind="stable", ignore_index=True)


def draw_grid(axes: Axes, numbers: pandas.DataFrame, path: str) -> None:
    """Draw the curves over the setting, with a point at every configuration."""
    draw_curves(axes, numbers, "setting", every_point=True)
    settings = numbers["setting"].to_numpy(float)
    if settings.min() > 0 and settings.max() > LARGEST_LINEAR_FACTOR * settings.min():
        log_axis(axes, settings, "x")
    axes.set_xlabel(KEY_SETTINGS.get(path, path))


def _names(learners: Iterable[str], label: str, labels: list[str]) -> list[str]:
    if len(labels) < 2:
        return list(learners)
    return [numbered(learner, 1 + labels.index(label), label) for learner in learners]
