"""`icl analyse`: what stored runs learned, beyond comparisons."""

from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.cli.computing import prepare_to_compute
from icl_cli.cli.console import print_json, print_table, say
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    DatabaseOption,
    JsonOption,
    RunsArgument,
    database_flag,
    defaulting,
    split_at_commas,
)
from icl_cli.errors import NothingMatchedError


def analyse(
    references: RunsArgument = None,
    analyses: Annotated[
        list[str] | None,
        typer.Option(
            "--analysis",
            metavar="ANALYSIS",
            callback=split_at_commas,
            help=defaulting("Some of those above, commas between.", "all that apply"),
            show_default=False,
            autocompletion=completion.analyses,
        ),
    ] = None,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> int:
    """Analyse trained models: roll-outs, curvature, cancelling heads, plateaus.

    Analyses: roll-out, critical-damping, curvature, cancellation, copying, attention, plateau.

    What is measured of the last stored weights replaces what was stored before.

    Examples:

    icl analyse

    icl analyse looped --analysis curvature --json
    """
    from icl_cli.cli.work_progress import work_progress

    prepare_to_compute()
    with open_for_writing(db) as database, work_progress() as tell:
        found = _analyse(database, references or ["latest"], analyses, tell)
    _print(found, json)
    say(f"Next: icl report{database_flag(db)}")
    return 0


def _analyse(database: Any, references: list[str], names: list[str] | None, tell: Any) -> list[tuple[Any, Any]]:
    from icl_cli.sweeps import ANALYSES, analyse_run, comparable_runs, get_analysis, telling_of

    chosen = [get_analysis(name) for name in dict.fromkeys(names or ANALYSES)]
    runs = comparable_runs(database, references)
    fitting = [run for run in runs if any(analysis.applies(run.config) for analysis in chosen)]
    if not fitting:
        needed = "; ".join(f"{analysis.name} ({analysis.summary})" for analysis in chosen)
        raise NothingMatchedError(
            f"Nothing to analyse in {', '.join(run.short_id for run in runs)}: asked for {needed}. "
            "Leave --analysis out for all that apply."
        )
    return [(run, analyse_run(database, run, [each.name for each in chosen], telling_of(run, tell))) for run in fitting]


def _print(found: list[tuple[Any, Any]], json: bool) -> None:
    from icl_cli.report.analyses import analyses_record, analyses_table, curve_kinds

    if json:
        print_json("analyse", [analyses_record(*each) for each in found])
        return
    table = analyses_table(found)
    if table is not None:
        print_table(table)
    if kinds := curve_kinds(found):
        say(f"Stored curves: {', '.join(kinds)}.")
