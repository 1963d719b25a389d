"""`icl runs export` and `icl runs thin`: what the database holds as tables, and as a smaller database."""

from pathlib import Path
from typing import Annotated

import typer

from icl_cli.cli import completion
from icl_cli.cli.choosing import WhereOption, chosen_ids
from icl_cli.cli.console import print_paths, say
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    AnyRunsArgument,
    DatabaseOption,
    JsonOption,
    NewFileArgument,
    OutputOption,
    database_flag,
    defaulting,
)
from icl_cli.errors import UsageError

FORMATS = ("csv", "json", "parquet")


def export(
    references: AnyRunsArgument = None,
    format: Annotated[
        str,
        typer.Option(metavar="|".join(FORMATS), help="The files' format.", autocompletion=completion.one_of(FORMATS)),
    ] = "csv",
    where: WhereOption = None,
    output: OutputOption = Path("icl-export"),
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Write runs, metrics, comparisons and curves as tables; prints the files' paths.

    Files of an earlier export of the same format into the same folder are replaced.

    Names and notes stay as written: a spreadsheet takes those that begin with =, +, - or @ for formulas.

    Examples:

    icl runs export --format csv

    icl runs export looped --where "loss<0.2" --format parquet --output tables
    """
    from icl_cli.report.export import export_tables, table_files
    from icl_cli.report.formatting import count
    from icl_cli.store import Database

    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} given; allowed are {', '.join(FORMATS)}.")
    with Database.open(db, mode="read") as database:
        chosen = chosen_ids(database, references, where)
        earlier = sum(path.exists() for path in table_files(output, format))
        print_paths("runs.export", export_tables(database, output, format, chosen), json)
    if earlier:
        say(f"{count(earlier, 'file')} of an earlier export replaced; --output names another folder.")


def thin(
    output: NewFileArgument,
    points: Annotated[int, typer.Option(metavar="POINTS", help="Points over training that are kept of each run.")] = 40,
    snapshots: Annotated[int, typer.Option(metavar="STEPS", help="Stored weights that are kept of each run.")] = 3,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="SEEDS",
            min=1,
            help=defaulting("Seeds that are kept of each configuration.", "all"),
            show_default=False,
        ),
    ] = None,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Write a smaller copy of the database, to hand on.

    All runs that have ended stay with their comparisons, curves and last weights; points over training become fewer.

    Examples:

    icl runs thin results-small.db

    icl runs thin results-small.db --points 20 --snapshots 2 --seeds 3
    """
    from icl_cli.store import Database, write_thinned_copy

    with Database.open(db, mode="read") as database:
        write_thinned_copy(database, output, points=points, weights=snapshots, seeds=seeds)
    print_paths("runs.thin", [output], json)
    say(f"Next: icl runs list{database_flag(str(output))}")
