"""`icl runs export` and `icl runs thin`: what the database holds as tables, and as a smaller database."""

from pathlib import Path
from typing import Annotated

import typer

from icl_cli.cli.choosing import WhereOption, chosen_ids
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption
from icl_cli.errors import UsageError

FORMATS = ("csv", "json", "parquet")


def export(
    references: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="Which runs. (default: all)", show_default=False)
    ] = None,
    format: Annotated[str, typer.Option(metavar="|".join(FORMATS), help="The files' format.")] = "csv",
    where: WhereOption = None,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go.")] = Path("icl-export"),
    db: DatabaseOption = DEFAULT_DATABASE,
) -> None:
    """Write runs, metrics, comparisons and curves as tables; prints the files' paths.

    Examples:

    icl runs export --format csv

    icl runs export looped --where "loss<0.2" --format parquet --output tables
    """
    from icl_cli.report.export import export_tables
    from icl_cli.store import Database

    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} given; allowed are {', '.join(FORMATS)}.")
    with Database.open(db, mode="read") as database:
        chosen = chosen_ids(database, references, where)
        for path in export_tables(database, output, format, chosen):
            typer.echo(path)


def thin(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; it must not exist.")],
    points: Annotated[int, typer.Option(metavar="N", help="Points over training that are kept of each run.")] = 40,
    snapshots: Annotated[int, typer.Option(metavar="N", help="Stored weights that are kept of each run.")] = 3,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Seeds that are kept of each configuration. (default: all)")
    ] = None,
    db: DatabaseOption = DEFAULT_DATABASE,
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
    typer.echo(output)
