"""`icl runs list`: stored runs, filtered and sorted."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from icl_cli.cli.choosing import WhereOption, none_matched
from icl_cli.cli.console import print_json, print_table, say
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, database_flag, defaulting
from icl_cli.errors import NothingMatchedError, UsageError

COLUMNS = "id,name,seed,status,step,loss"


def list_command(
    where: WhereOption = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help=defaulting("Smallest first; -FIELD: largest first; runs without it last.", "newest first"),
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="FIELDS",
            help=defaulting("What to show, commas between.", f"{COLUMNS} and what differs"),
            show_default=False,
        ),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="RUNS", min=1, help="How many at most.")] = 50,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """List stored runs, newest first; filtered, sorted, with the columns that you choose.

    Without --columns also the settings in which the listed runs differ are shown, as far as 80 columns hold them.

    Fields are id, name, seed, family, status, step, attempt, seconds, created, started, finished (UTC), error, note,
    tag, loss (held out, at the end), BASELINE.ratio (that loss over the baseline's, after `icl compare`), and every
    value of a configuration, by its path (model.layers) or the end of it (layers).

    Examples:

    icl runs list --where layers=1 --where "loss<0.5" --sort loss

    icl runs list --where tag=paper --columns id,name,layers,gd.ratio --limit 5
    """
    from icl_cli.store import Choice, Database, choose_runs, get_runs

    shown = _columns(columns, sort)
    with Database.open(db, mode="read") as database:
        found = choose_runs(database, Choice(where or (), sort, shown, limit))
        runs = get_runs(database, list(found.values)) if json or columns is None else []
    if not found.total:
        raise NothingMatchedError(f"{db} holds no runs yet. Run `icl train --layers 1{database_flag(db)}` first.")
    if not found.values:
        raise none_matched(db, where or (), found.total)
    if json:
        from icl_cli.report.records import plain_value, run_outline

        print_json("runs.list", [{**run_outline(run), "values": plain_value(found.values[run.id])} for run in runs])
    else:
        left_out = _print(shown, found, [run.config for run in runs])
        if left_out:
            say(f"They differ in more than fits here: {', '.join(left_out)}. --columns shows what you name.")
        _say_next(found, db)


def _columns(given: str | None, sort: str | None) -> Sequence[str]:
    """The columns by name; what is sorted by is shown, unless others are asked for."""
    names = [name.strip() for name in (COLUMNS if given is None else given).split(",")]
    if "" in names:
        raise UsageError(f"--columns: {given!r} has an empty name. Write fields with commas between: {COLUMNS}.")
    extra = [sort.removeprefix("-")] if sort and given is None else []
    return list(dict.fromkeys([*names, *extra]))


def _print(columns: Sequence[str], found: Any, configs: list[Any]) -> Sequence[str]:
    """Print the table, with the settings in which the runs differ if their `configs` are given; those left out."""
    from icl_cli.report.run_tables import chosen_table, differing_columns

    rows = list(found.values.values())
    differing = differing_columns(columns, rows, configs)
    more = [dict(zip(differing.shown, values, strict=True)) for values in zip(*differing.shown.values(), strict=True)]
    rows = [{**row, **own} for row, own in zip(rows, more, strict=True)] if more else rows
    print_table(chosen_table([*columns, *differing.shown], rows))
    return differing.left_out


def _say_next(found: Any, db: str) -> None:
    if len(found.values) < found.matching:
        say(f"{len(found.values)} of {found.matching} runs; --limit {found.matching} shows all.")
    first = next(iter(found.values))
    say(f"Next: icl runs show {first[:8]}{database_flag(db)}")
