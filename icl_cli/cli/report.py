"""`icl report`: figures, their numbers, and one page."""

from pathlib import Path
from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.cli.bundle import BundleOption, ForceOption, show_bundle, write_paper_bundle, write_report_bundle
from icl_cli.cli.computing import require_address_space
from icl_cli.cli.console import print_json, say
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    DatabaseOption,
    JsonOption,
    OutputOption,
    QuickOption,
    defaulting,
)
from icl_cli.errors import UsageError
from icl_cli.report.sections import SECTIONS

OUTPUT = Path("icl-report")


def report(
    references: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN|FIGURE",
            help=defaulting(
                "Beginnings of ids, names, or latest; with --paper figures, or sweep files.", "every run that has ended"
            ),
            show_default=False,
            autocompletion=completion.runs_or_figures,
        ),
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="The paper's figures as it lays them out, beside its claims.")
    ] = False,
    quick: QuickOption = False,
    sections: Annotated[
        int | None,
        typer.Option(
            metavar="CONFIGURATIONS",
            min=0,
            help=defaulting("Of how many, the newest, figures are drawn; all are listed.", str(SECTIONS)),
            show_default=False,
        ),
    ] = None,
    output: OutputOption = OUTPUT,
    bundle: BundleOption = None,
    force: ForceOption = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Draw the figures of stored runs as PDF, SVG and PNG, with their numbers as CSV and one HTML page of it all.

    Examples:

    icl report

    icl report looped --output looped-report

    icl report --sections 0

    icl report --paper --quick

    icl report looped --bundle looped.zip
    """
    require_address_space()
    from icl_cli.cli.work_progress import work_progress
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.store import Database

    files = [] if paper else [name for name in references or () if name.endswith(".toml") and Path(name).is_file()]
    if files:
        raise UsageError(f"{files[0]} is a sweep file; give --paper for its figure and claims, or else names of runs.")
    if quick and not paper:
        raise UsageError("--quick chooses the runs of the paper's figures; give --paper with it.")
    if paper and sections is not None:
        raise UsageError("--sections: given with --paper, whose figures are chosen by name. Leave one of them out.")
    sections = SECTIONS if sections is None else sections
    keep_compiled_programs()
    if bundle is not None:
        _bundle(references, paper, quick, sections, output, bundle, force, db, json)
        return
    if force:
        raise UsageError("--force lets --bundle replace a file; give --bundle FILE.zip with it.")
    with Database.open(db, mode="read") as database, work_progress() as tell:
        written = (
            _write_paper(database, references, quick, output, tell)
            if paper
            else _write(database, references, sections, output, tell)
        )
    if json:
        print_json("report", {"page": str(written.page), "files": [str(path) for path in written.files]})
    else:
        for path in (written.page, *written.files):
            typer.echo(path)
    say(f"Next: open {written.page} in a browser")


def _bundle(
    references: list[str] | None,
    paper: bool,
    quick: bool,
    sections: int,
    output: Path,
    file: Path,
    force: bool,
    db: str,
    json: bool,
) -> None:
    from icl_cli.cli.work_progress import work_progress
    from icl_cli.store import Database

    if output != OUTPUT:
        raise UsageError("--output: given with --bundle, which writes one file and no folder. Leave one of them out.")
    with Database.open(db, mode="read") as database, work_progress() as tell:
        if paper:
            done = write_paper_bundle(database, references, quick, file, force, tell)
        else:
            done = write_report_bundle(database, references, sections, file, force, tell)
    show_bundle(done, json)


def _write(database: Any, references: list[str] | None, sections: int, output: Path, tell: Any) -> Any:
    from icl_cli.report.claim_rows import stored_claims
    from icl_cli.report.write import runs_to_report, write_report

    runs = runs_to_report(database, references or ())
    every = len({run.family for run in runs})
    say(f"Reporting {len(runs)} run{'' if len(runs) == 1 else 's'} from {database.path}")
    if every > sections:
        say(f"Figures of the {sections} newest of {every} configurations; --sections {every} draws all")
    # Claims are about everything that is stored, not about a few chosen runs.
    return write_report(database, runs, output, sections, () if references else stored_claims(database), tell)


def _write_paper(database: Any, figures: list[str] | None, quick: bool, output: Path, tell: Any) -> Any:
    from icl_cli.report.paper import write_paper
    from icl_cli.report.sweep_files import sweeps_called

    return write_paper(database, sweeps_called(figures or (), quick), quick, output, tell)
