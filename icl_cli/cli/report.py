"""`icl report`: figures, their numbers, and one page."""

from pathlib import Path
from typing import Annotated

import typer

from icl_cli.cli.console import print_json, say
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption


def report(
    references: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Id prefixes, names or latest. (default: every run that has ended)",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("icl-report"),
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Draw the figures of stored runs as PDF, SVG and PNG, with their numbers as CSV and one HTML page of it all.

    Examples:

    icl report

    icl report looped --output looped-report
    """
    from icl_cli.report.write import runs_to_report, write_report
    from icl_cli.store import Database

    with Database.open(db, mode="read") as database:
        runs = runs_to_report(database, references or ())
        say(f"Drawing {len(runs)} run{'' if len(runs) == 1 else 's'} from {db}")
        written = write_report(database, runs, output)
    if json:
        print_json({"page": str(written.page), "files": [str(path) for path in written.files]})
    else:
        for path in (written.page, *written.files):
            typer.echo(path)
    say(f"Next: open {written.page} in a browser")
