"""`icl runs delete`: delete chosen runs, and keep a file from which they come back."""

from pathlib import Path
from typing import Any

from icl_cli.cli.consent import deletion_is_wanted
from icl_cli.cli.console import print_paths, say
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, SomeRunsArgument, YesOption, database_flag
from icl_cli.report.formatting import count, shell_command

# What is deleted from a server is kept in a file of the present folder.
SERVER_STEM = "icl"


def delete(
    references: SomeRunsArgument,
    yes: YesOption = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> None:
    """Delete runs with everything of theirs; a file from which they come back is kept, and its path printed.

    Runs that are being trained are refused. The file is NAME.deleted.db beside the database NAME.db, or
    icl.deleted.db in the present folder for a database on a server; `icl db copy` from it undoes the deletion.

    Examples:

    icl runs delete 3f9ac2d1

    icl runs delete looped 80b1e004 --yes
    """
    from icl_cli.store import delete_with_backup, resolve_all

    with open_for_writing(db) as database:
        doomed = resolve_all(database, references)
        if not deletion_is_wanted(doomed, database.path, yes):
            return
        folder, stem = _place(database)
        backup = delete_with_backup(database, [run.id for run in doomed], folder, stem)
    say(f"{count(len(doomed), 'run')} deleted from {database.path}.")
    print_paths("runs.delete", [backup], json)
    say(f"Undo: {shell_command('icl', 'db', 'copy', str(backup), db)}")
    say(f"Next: icl runs list{database_flag(db)}")


def _place(database: Any) -> tuple[Path, str]:
    """The folder and the beginning of the name of the file that is kept."""
    if not database.is_file:
        return Path(), SERVER_STEM
    path = Path(database.path)
    return path.parent, path.stem
