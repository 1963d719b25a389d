"""`icl db`: make, upgrade, check, save, clean and copy results databases."""

from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.cli.computing import prepare_to_compute
from icl_cli.cli.consent import deletion_is_wanted, run_line
from icl_cli.cli.console import print_json, print_line, print_paths, say, warn
from icl_cli.cli.exit_codes import ERROR
from icl_cli.cli.opening import open_for_writing, upgrade_sentence
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    DatabaseOption,
    JsonOption,
    NewFileArgument,
    YesOption,
    database_flag,
    defaulting,
    split_at_commas,
)
from icl_cli.errors import BusyError, UsageError
from icl_cli.report.formatting import count

DAYS = 30.0
PRUNABLE = ("failed", "interrupted", "diverged", "planned")

db = typer.Typer(help="Make, upgrade, check, save, clean and copy results databases.", no_args_is_help=True)


@db.command()
def init(db: DatabaseOption = DEFAULT_DATABASE, json: JsonOption = False) -> None:
    """Make an empty results database; one that is there already is left as it is.

    A PostgreSQL database must exist, for its tables to be made in it: `createdb -h HOST NAME` makes one.
    Its password comes from PGPASSWORD or ~/.pgpass, never from the URL.

    Examples:

    icl db init --db results.db

    icl db init --db postgresql://me@server/results
    """
    with open_for_writing(db, "create") as database:
        is_new = database.upgrade is not None and database.upgrade.before is None
    if json:
        print_json("db.init", {"database": database.path, "made": is_new})
    say(f"{'Made' if is_new else 'Nothing to make: there is already a database at'} {database.path}")
    say(f"Next: icl train --layers 1{database_flag(db)}")


@db.command()
def upgrade(db: DatabaseOption = DEFAULT_DATABASE, json: JsonOption = False) -> None:
    """Bring a database to this release's schema, which every command that writes also does.

    Beside a file a copy of the data as they were is kept, such as results.before-0002.db.

    Examples:

    icl db upgrade

    icl db upgrade --db postgresql://me@server/results
    """
    from icl_cli.store import Database
    from icl_cli.store.schema import NEWEST_REVISION

    with Database.open(db, mode="write") as database:
        done = database.upgrade
    if json:
        before = NEWEST_REVISION if done is None else done.before
        kept = None if done is None or done.backup is None else str(done.backup)
        print_json("db.upgrade", {"database": database.path, "before": before, "now": NEWEST_REVISION, "backup": kept})
    if done is None:
        say(f"{database.path} has the newest schema, {NEWEST_REVISION}; nothing to do.")
    else:
        say(upgrade_sentence(database.path, done))
    say(f"Next: icl db check{database_flag(db)}")


@db.command()
def check(db: DatabaseOption = DEFAULT_DATABASE, json: JsonOption = False) -> int:
    """Derive every id and hash again and tell what does not fit: a line a problem, and exit code 1.

    Runs, baselines and sweeps are what their ids say, weights and states what their SHA-256 says, and their arrays
    those of the run's configuration; numbers and steps are possible ones; SQLite checks itself.

    Examples:

    icl db check

    icl db check --db postgresql://me@server/results --json
    """
    import dataclasses

    from icl_cli.store import Database

    with Database.open(db, mode="read") as database:
        prepare_to_compute()
        from icl_cli.sweeps import check_contents

        found = check_contents(database)
    if json:
        problems = [dataclasses.asdict(problem) for problem in found.problems]
        content = {"database": database.path, "rows": found.rows, "problems": problems, "notes": found.notes}
        print_json("db.check", content)
    else:
        for problem in found.problems:
            print_line(f"{problem.table}: {problem.text}")
    for text in found.notes:
        say(text)
    if found.problems:
        number = count(len(found.problems), "problem")
        warn(f"{number} in {database.path}. Restore a copy, or copy what is whole: `icl db copy`.")
        return ERROR
    rows = [_rows(number, table) for table, number in found.rows.items() if number]
    say(f"{database.path} is whole: {', '.join(rows)}.")
    say(f"Next: icl db backup FILE{database_flag(db)}")
    return 0


def _rows(number: int, table: str) -> str:
    """`1 sweep run`, `2 summaries`: tables are called by the plural."""
    words = table.replace("_", " ")
    return f"{number} {words if number != 1 else words.removesuffix('s').replace('summarie', 'summary')}"


@db.command()
def backup(
    file: NewFileArgument,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Write a whole copy of one moment to a SQLite file, while others go on writing.

    Examples:

    icl db backup results-monday.db

    icl db backup server.db --db postgresql://me@server/results
    """
    from icl_cli.store import Database, back_up

    with Database.open(db, mode="read") as database:
        back_up(database, file)
    print_paths("db.backup", [file], json)
    say(f"Next: icl db check{database_flag(str(file))}")


@db.command()
def prune(
    statuses: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            callback=split_at_commas,
            help=defaulting(f"Which runs: some of {', '.join(PRUNABLE)}, commas between.", "failed"),
            show_default=False,
            autocompletion=completion.one_of(PRUNABLE),
        ),
    ] = None,
    older_than: Annotated[
        float, typer.Option("--older-than", metavar="DAYS", min=0.0, help="Only runs that stopped before that.")
    ] = DAYS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, and stop.")] = False,
    yes: YesOption = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Delete old runs that came to nothing, with everything of theirs; never finished ones, nor any that is trained.

    Examples:

    icl db prune --dry-run

    icl db prune --status failed,interrupted --older-than 7 --yes
    """
    from icl_cli.store import Database, delete_runs, old_runs, prunable_statuses

    chosen = prunable_statuses(statuses or ["failed"])
    with Database.open(db, mode="read") if dry_run else open_for_writing(db) as database:
        doomed = old_runs(database, chosen, older_than)
        deleted = 0
        if doomed and not dry_run and deletion_is_wanted(doomed, database.path, yes, ", or --dry-run to look"):
            deleted = delete_runs(database, doomed)
            _compact(database)
    _print_pruned(doomed, deleted, dry_run, json)
    say(f"Next: icl runs list{database_flag(db)}")


def _compact(database: Any) -> None:
    try:
        database.compact()
    except BusyError:
        # The runs are gone all the same.
        say(f"Others are at work on {database.path}: a later `icl db prune` gives the space back.")


def _print_pruned(doomed: list[Any], deleted: int, dry_run: bool, json: bool) -> None:
    if json:
        from icl_cli.report.records import run_outline

        runs = [run_outline(run) for run in doomed]
        print_json("db.prune", {"deleted": deleted, "dry_run": dry_run, "runs": runs})
    else:
        for run in doomed:
            print_line(run_line(run))
    say(f"{count(len(doomed), 'run')} would be deleted." if dry_run else f"{count(deleted, 'run')} deleted.")


@db.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A SQLite file, or a PostgreSQL URL.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Another of either kind; made if it is missing.")],
    references: Annotated[
        list[str] | None,
        typer.Option(
            "--run",
            metavar="RUN",
            callback=split_at_commas,
            help=defaulting("Which runs, commas between.", "all runs"),
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Copy runs with everything of theirs into another database; what is there already is left.

    Runs that a process is training are passed over: copy them when they have ended.

    Examples:

    icl db copy results.db postgresql://me@server/results

    icl db copy postgresql://me@server/results mine.db --run looped,3f9ac2d1
    """
    from icl_cli.store import Database, copy_runs, resolve_runs, same_target

    if same_target(source, target):
        raise UsageError("SOURCE and TARGET are the same database. Name two.")
    with Database.open(source, mode="read") as whence:
        chosen = None
        if references:
            chosen = list(dict.fromkeys(run.id for each in references for run in resolve_runs(whence, each)))
        with open_for_writing(target, "create") as whither:
            found = copy_runs(whence, whither, chosen)
    if json:
        print_json(
            "db.copy", {"copied": found.copied, "present": found.present, "in_training": list(found.in_training)}
        )
    training = f", {len(found.in_training)} passed over because they are being trained" if found.in_training else ""
    say(f"{count(found.copied, 'run')} copied to {whither.path}, {found.present} there already{training}.")
    say(f"Next: icl db check{database_flag(target)}")
