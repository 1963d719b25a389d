"""`icl runs show` and `icl runs diff`: one run in full, and what tells two apart."""

from typing import Annotated, Any

import typer

from icl_cli.cli.console import print_json, print_line, print_table, say
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, RunArgument, database_flag, reference_to
from icl_cli.errors import NothingMatchedError, UsageError
from icl_cli.report.formatting import count, enumeration


def show(
    run: RunArgument,
    log: Annotated[bool, typer.Option("--log", help="Print what a sweep's worker said while it trained.")] = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Show a run: outcome, loss curve, comparisons, configuration and provenance; of a name, every seed.

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
    from icl_cli.report.run_details import run_details
    from icl_cli.store import Database, resolve_runs

    with Database.open(db, mode="read") as database:
        details = [run_details(database, run) for run in resolve_runs(database, reference)]
        logged = [each.run.short_id for each in details if _has_log(database, each.run)]
    if json:
        print_json("runs.show", [each.record() for each in details])
        return
    families: set[str] = set()
    for each in details:
        for part in each.parts(with_config=each.run.family not in families):
            print_table(part)
            print_table("")
        families.add(each.run.family)
    if logged:
        say(f"Log: icl runs show {logged[0]} --log{database_flag(db)}")
    compared = any(each.comparisons for each in details)
    which = reference_to([each.run for each in details], reference)
    say(f"Next: icl {'report' if compared else 'compare'} {which}{database_flag(db)}")


def _has_log(database: Any, run: Any) -> bool:
    from icl_cli.store.run_log import log_path

    return log_path(database, run).exists()


def _show_log(reference: str, db: str) -> None:
    from icl_cli.store import Database, resolve_runs
    from icl_cli.store.run_log import read_log

    with Database.open(db, mode="read") as database:
        found = resolve_runs(database, reference)
        logs = [text for text in (read_log(database, each) for each in found) if text]
    if not logs:
        hosts = enumeration(sorted({each.provenance.get("host", "another machine") for each in found}))
        raise NothingMatchedError(
            f"No log of {reference} here: sweeps keep logs where they train ({hosts}), `icl train` keeps none."
        )
    for text in logs:
        print_line(text.removesuffix("\n"))


def diff(
    first: RunArgument, second: RunArgument, db: DatabaseOption = DEFAULT_DATABASE, json: JsonOption = False
) -> None:
    """Show only what differs between two runs: configuration, outcome, tags and note.

    Of a name that several seeds share, the first seed is taken.

    Examples:

    icl runs diff 3f9ac2d1 80b1e004

    icl runs diff looped latest --json
    """
    from icl_cli.report.run_details import differing_values
    from icl_cli.report.tables import difference_table
    from icl_cli.store import Database

    with Database.open(db, mode="read") as database:
        both = [_first_of(database, reference) for reference in (first, second)]
        differing = differing_values(database, *both)
    if json:
        print_json(
            "runs.diff",
            {"runs": [run.id for run in both], "differences": {name: list(pair) for name, pair in differing.items()}},
        )
    elif differing:
        print_table(difference_table(both[0].short_id, both[1].short_id, differing))
    elif both[0].id == both[1].id:
        say(f"Both are run {both[0].short_id}. Name another: `icl runs list` shows all.")
    else:
        say(f"{both[0].short_id} and {both[1].short_id} do not differ.")
    say(f"Next: icl runs show {both[0].short_id}{database_flag(db)}")


def _first_of(database: Any, reference: str) -> Any:
    from icl_cli.store import resolve_runs

    runs = resolve_runs(database, reference)
    if len(runs) > 1:
        say(f"{reference} means {count(len(runs), 'run')}; taking {runs[0].short_id}, seed {runs[0].seed}.")
    return runs[0]
