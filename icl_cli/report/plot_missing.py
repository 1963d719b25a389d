"""What to say where a plot's numbers are not in the database: the command that measures them, or why none can."""

from collections.abc import Mapping, Sequence
from typing import Any

from icl_cli.errors import NothingMatchedError
from icl_cli.report.data import Family
from icl_cli.report.formatting import enumeration, shell_command
from icl_cli.report.labels import family_titles
from icl_cli.report.plot_kinds import PlotKind
from icl_cli.sweeps import get_analysis


def not_measured(
    kind: PlotKind,
    families: Sequence[Family],
    source: str,
    given: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> NothingMatchedError:
    """The error for families that lack the numbers of `kind`.

    **Arguments**: `source` is the database; `given` are the options asked for, `defaults` those with which there are
    numbers, None if there are none either way.
    """
    titles = zip(families, family_titles(families), strict=True)
    named = enumeration([f"{family.finished[0].short_id} ({title})" for family, title in titles])
    if given and defaults is not None:
        there = ", ".join(f"{name}={defaults[name]}" for name in given)
        asked = ", ".join(f"{name}={value}" for name, value in given.items())
        return NothingMatchedError(f"{kind.name} with {asked} is not stored for {named}; with {there} it is.")
    return NothingMatchedError(_missing(kind, families, named, source))


def _missing(kind: PlotKind, families: Sequence[Family], named: str, source: str) -> str:
    """Of numbers that no option would bring: which command measures them, or why none does."""
    runs = [run.short_id for family in families for run in family.finished]
    if not kind.about.measured_by:
        return f"{kind.name} needs what training stores, which is missing for {named}. See `icl runs show {runs[0]}`."
    if kind.about.analysis is not None and not _applies(kind.about.analysis, families):
        return f"{kind.name} exists for {kind.about.only} only, which {named} has not."
    only = f" It exists for {kind.about.only} only." if kind.about.only else ""
    command = shell_command("icl", kind.about.measured_by[0], *runs, *kind.about.measured_by[1:])
    return f"{kind.name} is not measured for {named}. Measure it by `{command} {shell_command('--db', source)}`.{only}"


def _applies(analysis: str, families: Sequence[Family]) -> bool:
    return all(get_analysis(analysis).applies(family.config) for family in families)
