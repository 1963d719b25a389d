"""`icl runs`: look at what the database holds, and take it elsewhere."""

from pathlib import Path
from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.cli.console import print_json, print_paths, print_table, say
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    AnyRunsArgument,
    DatabaseOption,
    JsonOption,
    OutputOption,
    RunArgument,
    database_flag,
    defaulting,
)
from icl_cli.errors import NothingMatchedError, UsageError
from icl_cli.report.formatting import enumeration

FORMATS = ("csv", "json", "parquet")

runs = typer.Typer(help="List, show, compare and export stored runs.", no_args_is_help=True)


@runs.command("list")
def list_command(
    limit: Annotated[int, typer.Option(metavar="RUNS", min=1, help="How many, newest first.")] = 50,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """List stored runs, newest first.

    Examples:

    icl runs list

    icl runs list --limit 5 --json
    """
    from icl_cli.report.tables import runs_table
    from icl_cli.store import Database, list_runs

    with Database.open(db, mode="read") as database:
        found = list_runs(database, limit=limit)
    if not found:
        raise NothingMatchedError(f"{db} holds no runs yet. Run `icl train --layers 1{database_flag(db)}` first.")
    if json:
        from icl_cli.report.records import run_outline

        print_json("runs.list", [run_outline(run) for run in found])
    else:
        print_table(runs_table(found))
        say(f"Next: icl runs show {found[0].short_id}{database_flag(db)}")


@runs.command()
def show(
    run: RunArgument,
    log: Annotated[bool, typer.Option("--log", help="Print what a sweep's worker said while it trained.")] = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Show a run's configuration, results and provenance; of a name, every seed.

    Examples:

    icl runs show latest

    icl runs show 3f9ac2d1 --json

    icl runs show 3f9ac2d1 --log
    """
    if log:
        if json:
            raise UsageError("--log: given with --json, but a log is no data. Leave one of them out.")
        _show_log(run, db)
    else:
        _show(run, db, json)


def _show(reference: str, db: str, json: bool) -> None:
    from icl_cli.conventions import flat
    from icl_cli.report.tables import two_column_table
    from icl_cli.store import Database, get_summaries, list_comparisons, resolve_runs

    with Database.open(db, mode="read") as database:
        found = resolve_runs(database, reference)
        details = [(each, get_summaries(database, each.id), list_comparisons(database, [each.id])) for each in found]
    if json:
        from icl_cli.report.records import run_record

        print_json("runs.show", [run_record(*detail) for detail in details])
        return
    for each, summaries, _ in details:
        print_table(two_column_table(f"Run {each.short_id}", _facts(each)))
        print_table(two_column_table("Results", {s.name: f"{s.value:.6g} ± {s.standard_error:.2g}" for s in summaries}))
        print_table(two_column_table("Configuration", flat(each.config.model_dump(mode="json"))))
        print_table(two_column_table("Provenance", dict(each.provenance)))
    say(f"Next: icl compare {found[0].short_id}{database_flag(db)}")


def _show_log(reference: str, db: str) -> None:
    from icl_cli.store import Database, resolve_runs
    from icl_cli.sweeps.run_log import read_log

    with Database.open(db, mode="read") as database:
        found = resolve_runs(database, reference)
        logs = [text for text in (read_log(database, each) for each in found) if text]
    if not logs:
        hosts = enumeration(sorted({each.provenance.get("host", "another machine") for each in found}))
        raise NothingMatchedError(
            f"No log of {reference} here: sweeps keep logs where they train ({hosts}), `icl train` keeps none."
        )
    for text in logs:
        typer.echo(text, nl=False)


@runs.command()
def diff(
    first: RunArgument, second: RunArgument, db: DatabaseOption = DEFAULT_DATABASE, json: JsonOption = False
) -> None:
    """Show only what differs between the configurations and results of two runs.

    Examples:

    icl runs diff 3f9ac2d1 80b1e004

    icl runs diff looped latest --json
    """
    from icl_cli.report.tables import difference_table
    from icl_cli.store import Database, get_summaries, resolve_runs

    with Database.open(db, mode="read") as database:
        both = [resolve_runs(database, reference)[0] for reference in (first, second)]
        values = [_compared_values(run, get_summaries(database, run.id)) for run in both]
    names = list(dict.fromkeys([*values[0], *values[1]]))
    differing = {name: (values[0].get(name), values[1].get(name)) for name in names}
    differing = {name: pair for name, pair in differing.items() if pair[0] != pair[1]}
    if json:
        print_json("runs.diff", {"runs": [run.id for run in both], "differences": differing})
    elif differing:
        print_table(difference_table(both[0].short_id, both[1].short_id, differing))
    else:
        say(f"{both[0].short_id} and {both[1].short_id} do not differ.")


@runs.command()
def export(
    references: AnyRunsArgument = None,
    format: Annotated[
        str,
        typer.Option(metavar="|".join(FORMATS), help="The files' format.", autocompletion=completion.one_of(FORMATS)),
    ] = "csv",
    output: OutputOption = Path("icl-export"),
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Write runs, metrics, comparisons and curves as tables; prints the files' paths.

    Examples:

    icl runs export --format csv

    icl runs export looped --format parquet --output tables
    """
    from icl_cli.report.export import export_tables
    from icl_cli.store import Database, resolve_runs

    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} given; allowed are {', '.join(FORMATS)}.")
    with Database.open(db, mode="read") as database:
        chosen = None
        if references:
            chosen = list(dict.fromkeys(run.id for each in references for run in resolve_runs(database, each)))
        print_paths("runs.export", export_tables(database, output, format, chosen), json)


@runs.command()
def thin(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; it must not exist.")],
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


def _facts(run: Any) -> dict[str, object]:
    facts = {
        "name": run.name,
        "id": run.id,
        "status": run.status.value,
        "step": f"{run.step} of {run.config.training.steps}",
        "attempts": run.attempt,
        "training seconds": round(run.training_seconds, 1),
        "started (UTC)": run.started_at.strftime("%Y-%m-%d %H:%M:%S"),
    }
    return facts | ({"error": run.error} if run.error else {})


def _compared_values(run: Any, summaries: list[Any]) -> dict[str, Any]:
    from icl_cli.conventions import flat

    results = {f"result.{summary.name}": summary.value for summary in summaries}
    return flat(run.config.model_dump(mode="json")) | {"name": run.name, "status": run.status.value} | results
