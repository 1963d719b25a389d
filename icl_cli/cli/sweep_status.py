"""`icl sweep status`: how sweeps stand, from the database alone."""

import sys
import time
from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.cli.console import print_json, print_table, say
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, database_flag, defaulting
from icl_cli.errors import NothingMatchedError, UsageError

SECONDS_BETWEEN_LOOKS = 2.0


def status(
    sweep: Annotated[
        str | None,
        typer.Argument(
            metavar="SWEEP",
            help=defaulting("A name, or the beginning of an id.", "all sweeps"),
            show_default=False,
            autocompletion=completion.sweeps,
        ),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it every two seconds while a run is trained.")] = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> int:
    """Show how sweeps stand: runs finished, running, waiting, failed, and why.

    It only reads, and makes no process wait.

    Examples:

    icl sweep status

    icl sweep status depth --watch
    """
    from icl_cli.store import Database

    if watch and json:
        raise UsageError("--watch: given with --json, which prints one document. Leave one of them out.")
    with Database.open(db, mode="read") as database:
        found = _find(database, sweep, db)
        if json:
            from icl_cli.report.records import sweep_record, unfinished_runs

            print_json("sweep.status", [sweep_record(one, unfinished_runs(database, one.id)) for one in found])
            return 0
        if watch:
            found = _watch(database, sweep, db)
        else:
            print_table(_table(database, found))
    say(_next(found, db))
    return 0


def _find(database: Any, sweep: str | None, db: Any) -> list[Any]:
    from icl_cli.store import find_sweep, list_sweeps

    found = list_sweeps(database) if sweep is None else [find_sweep(database, sweep)]
    if not found:
        raise NothingMatchedError(f"{db} holds no sweep yet. Run `icl sweep run FILE{database_flag(db)}` first.")
    return found


def _table(database: Any, found: list[Any]) -> Any:
    from rich.console import Group

    from icl_cli.report.records import unfinished_runs
    from icl_cli.report.sweep_tables import sweeps_table, unfinished_table

    unfinished = [run for one in found for run in unfinished_runs(database, one.id)]
    return Group(sweeps_table(found), *(["", unfinished_table(unfinished)] if unfinished else []))


def _watch(database: Any, sweep: str | None, db: Any) -> list[Any]:
    """How the sweeps stood when there was nothing more to wait for.

    On a terminal in place; elsewhere one table after the other would fill a file, so only the first is printed.
    """
    from rich.live import Live

    from icl_cli.cli.plain_console import PlainConsole

    console = PlainConsole()
    if not console.is_terminal:
        found = _find(database, sweep, db)
        print_table(_table(database, found))
        return found
    with Live(console=console, auto_refresh=False) as live:
        while True:
            found = _find(database, sweep, db)
            live.update(_table(database, found), refresh=True)
            if not any(_is_at_work(one) for one in found):
                return found
            sys.stdout.flush()
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _next(found: list[Any], db: Any) -> str:
    from icl_cli.figure_files import figure_files
    from icl_cli.report.deleted_runs import count_deleted

    if any(_is_at_work(one) for one in found):
        return f"Next: icl sweep status --watch{database_flag(db)}"
    waiting = [one for one in found if not one.is_over or count_deleted(one)]
    if not waiting:
        return f"Next: icl runs list{database_flag(db)}"
    name, quick = waiting[0].name, " --quick" if waiting[0].content.get("quick") else ""
    if name in figure_files():
        return f"Next: icl sweep run {name}{quick}{database_flag(db)}"
    return f"To train what {name!r} lacks, give its file: icl sweep run FILE.toml{quick}{database_flag(db)}"


def _is_at_work(sweep: Any) -> bool:
    """Whether some process trains a run of it."""
    from icl_cli.store import RunStatus

    return bool(sweep.counts.get(RunStatus.RUNNING))
