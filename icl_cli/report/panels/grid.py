"""Numbers over a value of the configuration, for runs that differ in it: one point for each configuration."""

from collections.abc import Callable, Iterable

import numpy as np
import pandas
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from icl_cli.conventions import flat, resolve
from icl_cli.errors import unknown_name
from icl_cli.report.curves import draw_curves
from icl_cli.report.data import Family
from icl_cli.report.learners import INTERPOLATED, numbered
from icl_cli.report.panels.panel import Option, Shown
from icl_cli.report.scales import LARGEST_LINEAR_FACTOR, column_width, log_axis
from icl_cli.report.seeds import with_mean
from icl_cli.report.settings import KEY_SETTINGS

PATH = {"path": Option("task.context_length")}
# Settings of the task, which two runs that are compared with each other always share.
TASK = "task."
# Of the panel's column what its vertical axis takes, and of a number below the axis the width of a digit, in inches.
AXIS_INCHES, DIGIT_INCHES = 0.6, 0.08


def over_grid(shown: Shown, numbers: Callable[[Family], pandas.DataFrame]) -> pandas.DataFrame | None:
    """The numbers of every configuration by `setting`, its value at the option `path`, with means over seeds.

    **Arguments**: `numbers` returns learner, seed, value and standard_error of a family. Raises `UsageError` for a
    path that no configuration has. Configurations whose value is no number are left out, and so are other models that
    a configuration was compared with, if they are shown themselves or may have another value of the setting.
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
        own = _without_others(numbers(series.family), series.family, path, shown)
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
    settings = np.unique(numbers["setting"].to_numpy(float))
    if settings.min() > 0 and settings.max() > LARGEST_LINEAR_FACTOR * settings.min():
        log_axis(axes, settings, "x")
    elif (settings == np.round(settings)).all():
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    if _fit_below(axes, settings):
        axes.xaxis.set_major_locator(FixedLocator(settings.tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(KEY_SETTINGS.get(path, path))


def _fit_below(axes: Axes, settings: np.ndarray) -> bool:
    """Whether every setting can be written below its point without two of them touching."""
    scale = np.log if axes.get_xscale() == "log" else np.asarray
    places = scale(settings) / np.ptp(scale(axes.get_xlim())) * (column_width(axes) - AXIS_INCHES)
    widths = np.array([DIGIT_INCHES * (1 + len(f"{setting:g}")) for setting in settings])
    return bool((np.diff(places) > (widths[1:] + widths[:-1]) / 2).all())


def _without_others(numbers: pandas.DataFrame, family: Family, path: str, shown: Shown) -> pandas.DataFrame:
    """The numbers without the other trained models that do not belong at the family's value of the setting."""
    themselves = {run.id for series in shown.series for run in series.family.runs}
    gone = {name for name, run_id in family.others.items() if run_id in themselves or not path.startswith(TASK)}
    return numbers.loc[~numbers["learner"].isin([*gone, *(f"{INTERPOLATED}{name}" for name in gone)])]


def _names(learners: Iterable[str], label: str, labels: list[str]) -> list[str]:
    if len(labels) < 2:
        return list(learners)
    return [numbered(learner, 1 + labels.index(label), label) for learner in learners]
