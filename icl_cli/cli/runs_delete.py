"""`icl runs delete`: delete chosen runs, and keep a file from which they come back."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from icl_cli.cli.consent import deletion_is_wanted
from icl_cli.cli.console import print_paths, say
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    DatabaseOption,
    JsonOption,
    SomeRunsArgument,
    YesOption,
    database_flag,
    defaulting,
)
from icl_cli.errors import FullDiskError
from icl_cli.report.formatting import count, shell_command

# What is deleted from a server is kept in a file of the present folder.
SERVER_STEM = "icl"


KeepOption = Annotated[
    Path | None,
    typer.Option(
        "--keep",
        metavar="FOLDER",
        help=defaulting("Where to keep it. On another disk, a full one is no hindrance.", "beside the database"),
        show_default=False,
        file_okay=False,
        exists=True,
    ),
]


def delete(
    references: SomeRunsArgument,
    yes: YesOption = False,
    keep: KeepOption = None,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Delete runs with everything of theirs; a file from which they come back is kept, and its path printed.

    Runs that are being trained are refused. The file is NAME.deleted.db beside the database NAME.db, or
    icl.deleted.db in the present folder for a database on a server; `icl db copy` from it undoes the deletion.

    Examples:

    icl runs delete 3f9ac2d1

    icl runs delete looped 80b1e004 --yes

    icl runs delete looped --keep /media/stick
    """
    from icl_cli.store import Database, delete_in_place, delete_with_backup
    from icl_cli.store.target import is_url

    done, has_room = None, True
    try:
        done = _delete(lambda: open_for_writing(db), delete_with_backup, references, yes, keep)
    except FullDiskError as error:
        if is_url(db):
            raise
        if keep is None:
            text = f"{error} To delete runs all the same, name a folder on another disk: --keep FOLDER."
            raise FullDiskError(text) from error
        has_room = False
    if not has_room:
        # Not while the error is handled, which holds a connection that keeps others out.
        done = _delete(lambda: Database.open_alone(db), delete_in_place, references, yes, keep)
    if done is None:
        return
    say(f"{count(done.number, 'run')} deleted from {done.database}.")
    print_paths("runs.delete", [done.backup], json)
    say(f"Undo: {shell_command('icl', 'db', 'copy', str(done.backup), db)}")
    say(f"Next: icl runs list{database_flag(db)}")


class _Done(NamedTuple):
    number: int
    database: str
    backup: Path


def _delete(open_database: Any, delete: Any, references: list[str], yes: bool, keep: Path | None) -> _Done | None:
    """What was deleted, and where it is kept; None if it is not wanted."""
    from icl_cli.store import resolve_all

    with open_database() as database:
        doomed = resolve_all(database, references)
        if not deletion_is_wanted(doomed, database.path, yes):
            return None
        folder, stem = _place(database)
        return _Done(len(doomed), database.path, delete(database, [run.id for run in doomed], keep or folder, stem))


def _place(database: Any) -> tuple[Path, str]:
    """The folder and the beginning of the name of the file that is kept."""
    if not database.is_file:
        return Path(), SERVER_STEM
    path = Path(database.path)
    return path.parent, path.stem
