"""Several runs in one panel: their numbers under each other, and which baselines they have in common."""

from collections.abc import Callable

import pandas

from icl_cli.report.data import Family
from icl_cli.report.learners import DATA, INTERPOLATED, MODEL, TRAINING, parts
from icl_cli.report.panels.panel import Option, Shown
from icl_cli.report.seeds import with_mean

# Learners that the option `baselines` leaves where they are.
OWN = (MODEL, TRAINING, DATA)

# The option of every panel that shows baselines.
BASELINES = {"baselines": Option(default=[])}


def overlaid(shown: Shown, numbers: Callable[[Family], pandas.DataFrame | None]) -> pandas.DataFrame | None:
    """The numbers of every series, with a column `run`, and with its name in those of its learners.

    A baseline that several series were compared with is one learner, shown once, and another run that has a series of
    its own is that alone. The panel's option `baselines`, if it has one and it is not empty, says which baselines are
    kept.
    """
    shared = _shared_baselines(shown)
    frames, seen = [], set()
    every = [(series, numbers(series.family)) for series in shown.series]
    measured = {run.id for series, own in every if own is not None for run in series.family.runs}
    for series, own in every:
        if own is None:
            continue
        shown_themselves = [name for name, run_id in series.family.others.items() if run_id in measured]
        own = own.loc[~own["learner"].isin([*seen, *shown_themselves])]
        seen |= shared & set(own["learner"])
        common = shared - set(series.others)
        names = [name if name in common else shown.learner(series, name) for name in own["learner"]]
        frames.append(own.assign(learner=names, run=series.text))
    return chosen(pandas.concat(frames, ignore_index=True), shown) if frames else None


def curve_numbers(kind: str, x: str) -> Callable[[Family], pandas.DataFrame | None]:
    """What reads a family's curves of one kind, with their means over seeds; `x` names their horizontal column."""

    def numbers(family: Family) -> pandas.DataFrame | None:
        points = family.curves.loc[family.curves["kind"] == kind].rename(columns={"x": x})
        return None if points.empty else with_mean(points, ["learner", x])

    return numbers


def chosen(numbers: pandas.DataFrame, shown: Shown) -> pandas.DataFrame | None:
    """The numbers without baselines that the option `baselines` leaves out, None if nothing is left."""
    wanted = shown.options.get("baselines")
    if not wanted:
        return numbers
    ends = [parts(name).kind.removeprefix(INTERPOLATED) for name in numbers["learner"]]
    kept = numbers.loc[[end in (*OWN, *wanted) for end in ends]]
    return None if kept.empty else kept.reset_index(drop=True)


def _shared_baselines(shown: Shown) -> set[str]:
    """The baselines that are the same algorithm on the same tasks wherever they were compared with.

    Where the names of others say how many steps they take, those of a single run do so too.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for series in shown.series:
        tasks = series.family.config.evaluation.model_dump_json()
        for name, baseline in series.family.baselines.items():
            found.setdefault(name, set()).add((baseline.id, tasks))
    with_steps = {name for one in shown.series for name in found if one.says_depth and one.steps(name) is not None}
    return {name for name, places in found.items() if len(places) == 1} - with_steps
