"""`icl weights`: trained weights as files for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from icl_cli.cli import completion
from icl_cli.cli.choosing import WhereOption, chosen_ids
from icl_cli.cli.console import print_paths, say
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    DatabaseOption,
    JsonOption,
    OutputOption,
    RunsArgument,
    database_flag,
    reference_to,
)
from icl_cli.errors import UsageError

FORMATS = ("safetensors", "npz")

weights = typer.Typer(help="Export trained weights.", no_args_is_help=True)


@weights.callback()
def group() -> None:
    """Export trained weights."""


@weights.command()
def export(
    references: RunsArgument = None,
    format: Annotated[
        str,
        typer.Option(metavar="|".join(FORMATS), help="The files' format.", autocompletion=completion.one_of(FORMATS)),
    ] = "safetensors",
    at: Annotated[str, typer.Option(metavar="STEP|last|all", help="Which of the stored weights.")] = "last",
    where: WhereOption = None,
    output: OutputOption = Path("icl-weights"),
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Write the weights of runs as files that open without icl; prints their paths.

    Arrays have the names of their places in the model (blocks.0.attention.key, ...); the entry "icl" is JSON with the
    run's id, name, seed, step and configuration. docs/weights.md explains the names and reads a file in three lines.

    Examples:

    icl weights export latest

    icl weights export looped --at all --format npz --output weights
    """
    from icl_cli.report.weight_files import export_weights
    from icl_cli.store import Database, get_runs

    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} given; allowed are {', '.join(FORMATS)}.")
    with Database.open(db, mode="read") as database:
        # Conditions alone mean all runs of which they hold.
        ids = chosen_ids(database, references or ([] if where else ["latest"]), where) or []
        runs = get_runs(database, ids)
        paths = export_weights(database, runs, at, format, output)
    print_paths("weights.export", paths, json)
    given = references or ["latest"]
    shown = reference_to(runs, given[0]) if len(given) == 1 and not where else ids[0][:8]
    say(f"Next: icl runs show {shown}{database_flag(db)}")
