"""`icl report`: figures, their numbers, and one page."""

from pathlib import Path
from typing import Annotated, Any

import typer

from icl_cli.cli.claims import QuickOption
from icl_cli.cli.console import print_json, say
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption
from icl_cli.errors import UsageError


def report(
    references: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN|FIGURE",
            help="Id prefixes, names or latest (default: every run that has ended); with --paper figures.",
            show_default=False,
        ),
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="The paper's figures as it lays them out, beside its claims.")
    ] = False,
    quick: QuickOption = False,
    sections: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Figures for the N newest configurations; all runs stand in a table."),
    ] = 20,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("icl-report"),
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Draw the figures of stored runs as PDF, SVG and PNG, with their numbers as CSV and one HTML page of it all.

    Examples:

    icl report

    icl report looped --output looped-report

    icl report --sections 0

    icl report --paper --quick
    """
    from icl_cli.store import Database

    if quick and not paper:
        raise UsageError("--quick chooses the runs of the paper's figures; give --paper with it.")
    with Database.open(db, mode="read") as database:
        written = (
            _write_paper(database, references, quick, output)
            if paper
            else _write(database, references, sections, output)
        )
    if json:
        print_json({"page": str(written.page), "files": [str(path) for path in written.files]})
    else:
        for path in (written.page, *written.files):
            typer.echo(path)
    say(f"Next: open {written.page} in a browser")


def _write(database: Any, references: list[str] | None, sections: int, output: Path) -> Any:
    from icl_cli.report.claim_rows import stored_claims
    from icl_cli.report.write import runs_to_report, write_report

    runs = runs_to_report(database, references or ())
    every = len({run.family for run in runs})
    say(f"Reporting {len(runs)} run{'' if len(runs) == 1 else 's'} from {database.path}")
    if every > sections:
        say(f"Figures of the {sections} newest of {every} configurations; --sections {every} draws all")
    # Claims are about everything that is stored, not about a few chosen runs.
    return write_report(database, runs, output, sections, () if references else stored_claims(database))


def _write_paper(database: Any, figures: list[str] | None, quick: bool, output: Path) -> Any:
    from icl_cli.report.paper import write_paper
    from icl_cli.sweeps.catalogue import find_sweeps, paper_sweeps

    return write_paper(database, find_sweeps(figures) if figures else paper_sweeps(), quick, output)
