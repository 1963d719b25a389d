"""`icl report --bundle` and `icl import`: results in one archive, and back into a database."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from icl_cli.cli.computing import prepare_to_compute
from icl_cli.cli.console import print_json, say
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, database_flag, defaulting, path
from icl_cli.report.formatting import count

BundleOption = Annotated[
    Path | None,
    typer.Option(
        "--bundle",
        metavar="FILE.zip",
        parser=path,
        help=defaulting(
            "Write one archive instead: page, data, configurations, weights and database, for others.", "a folder"
        ),
        show_default=False,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Let --bundle replace a file.")]


def write_report_bundle(
    database: Any, references: list[str] | None, sections: int, file: Path, force: bool, tell: Any
) -> Any:
    """The archive of a report on stored runs; `tell` hears what is being drawn."""
    from icl_cli.report.bundle.archive import require_target
    from icl_cli.report.claim_rows import stored_claims
    from icl_cli.report.write import runs_to_report, write_report
    from icl_cli.store import list_runs

    require_target(file, replace=force)
    runs = runs_to_report(database, references or ())

    def draw(copy: Any, folder: Path) -> Any:
        return write_report(copy, list_runs(copy), folder, sections, () if references else stored_claims(copy), tell)

    return _write(database, runs, draw, file, force)


def write_paper_bundle(
    database: Any, figures: list[str] | None, quick: bool, file: Path, force: bool, tell: Any
) -> Any:
    """The archive of a report on the paper's figures, with the runs of those figures; `tell` hears what is drawn."""
    from icl_cli.report.bundle.archive import require_target
    from icl_cli.report.bundle.paper_runs import paper_runs
    from icl_cli.report.paper import write_paper
    from icl_cli.report.sweep_files import sweeps_called

    require_target(file, replace=force)
    sweeps = sweeps_called(figures or (), quick)
    runs = paper_runs(database, sweeps, quick)
    return _write(database, runs, lambda copy, folder: write_paper(copy, sweeps, quick, folder, tell), file, force)


def _write(database: Any, runs: list[Any], draw: Any, file: Path, force: bool) -> Any:
    from icl_cli.report.bundle.writing import write_bundle

    say(f"Packing {count(len(runs), 'run')} from {database.path}")
    return write_bundle(database, runs, draw, file, replace=force)


def show_bundle(done: Any, json: bool) -> None:
    """Say what was written, and how others get it back."""
    if json:
        record = {"file": str(done.file), "sha256": done.sha256, "bytes": done.size, "runs": done.runs}
        print_json("report.bundle", record | {"in_training": list(done.in_training)})
    else:
        typer.echo(done.file)
    if done.in_training:
        say(f"{count(len(done.in_training), 'run')} left out because they are being trained.")
    say(f"SHA-256 {done.sha256}; it names the hosts and commands of its runs.")
    say(f"Next: icl import {shlex.quote(str(done.file))} --db another.db")


def import_bundle(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.zip", help="An archive that `icl report --bundle` wrote.", parser=path)
    ],
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Read the runs of an archive into a database, with everything of theirs; what is there already is left.

    The archive may come from anybody: checksums, ids and hashes are derived again before anything is stored, and
    nothing in it is ever run.

    Examples:

    icl import results.zip --db results.db

    icl import results.zip --db postgresql://me@server/results --json
    """
    from icl_cli.cli.opening import open_for_writing

    prepare_to_compute()
    from icl_cli.report.bundle.importing import import_bundle as read_in

    found = read_in(file, lambda: open_for_writing(db, "create"))
    if json:
        print_json(
            "import", {"imported": found.copied, "present": found.present, "in_training": list(found.in_training)}
        )
    training = f", {len(found.in_training)} passed over because they are being trained" if found.in_training else ""
    say(f"{count(found.copied, 'run')} imported into {db}, {found.present} there already{training}.")
    say(f"Next: icl runs list{database_flag(db)}")
