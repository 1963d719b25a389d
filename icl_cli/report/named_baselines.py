"""What a sweep's file names of its runs' comparisons: runs may have been compared with more, by other commands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from icl_cli.report.data import Family
from icl_cli.report.learners import INTERPOLATED
from icl_cli.report.panels.interpolation import KIND as INTERPOLATION
from icl_cli.report.panels.panel import Series
from icl_cli.report.panels.shift import PREFIX as SHIFT
from icl_cli.sweeps.runs_spec import RunsSpec


def only_named(
    series: Sequence[Series], runs: Mapping[str, RunsSpec], own: Collection[str], also: Collection[str]
) -> list[Series]:
    """The series without comparisons that their file does not name.

    **Arguments**: `runs` are those of the file, by label; `own` the ids of all of them, which may be compared with
    each other; `also` the baselines that the panel names.
    """
    return [replace(one, family=_only(one.family, runs[one.label], own, also)) for one in series]


def _only(family: Family, runs: RunsSpec, own: Collection[str], also: Collection[str]) -> Family:
    named = {*runs.baselines, *also, *(name for name, run_id in family.others.items() if run_id in own)}
    unnamed = [name for name in family.baselines if name not in named]
    curves = family.curves
    is_unnamed = curves["learner"].str.removeprefix(INTERPOLATED).isin(unnamed)
    # Analyses measure algorithms of their own choice.
    if runs.analyses:
        is_unnamed &= curves["kind"].str.startswith((SHIFT, INTERPOLATION))
    return replace(
        family,
        comparisons=family.comparisons.loc[~family.comparisons["baseline"].isin(unnamed)],
        curves=curves.loc[~is_unnamed],
        baselines={name: one for name, one in family.baselines.items() if name in named},
    )
