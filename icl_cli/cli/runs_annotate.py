"""`icl runs tag`, `note` and `rename`: what people write beside runs; no number changes."""

from typing import Annotated, Any

import typer

from icl_cli.cli.consent import sharing_is_wanted
from icl_cli.cli.console import say
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    DatabaseOption,
    RunArgument,
    SomeRunsArgument,
    YesOption,
    database_flag,
    defaulting,
    reference_to,
    run_reference,
)
from icl_cli.errors import UsageError
from icl_cli.report.formatting import count


def tag(
    references: SomeRunsArgument,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="TAG", help=defaulting("A tag to give; may be repeated.", "none"), show_default=False),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG", help=defaulting("A tag to take away; may be repeated.", "none"), show_default=False
        ),
    ] = None,
    db: DatabaseOption = DEFAULT_DATABASE,
) -> None:
    """Give runs tags, or take tags away; a tag is 1 to 80 printable characters.

    Examples:

    icl runs tag latest --add paper

    icl runs tag looped 3f9ac2d1 --add final --remove draft
    """
    from icl_cli.store import tag_runs

    if not add and not remove:
        raise UsageError("No tag given. Say which with --add TAG or --remove TAG.")
    with open_for_writing(db) as database:
        runs = _found(database, references)
        new, gone = tag_runs(database, [run.id for run in runs], add=add or (), remove=remove or ())
    say(f"{count(len(runs), 'run')}: {count(new, 'tag')} added, {gone} removed.")
    if (add and not new) or (remove and not gone):
        say("What was there already is not added again, and what was not there cannot be removed.")
    where = f" --where {_quoted(f'tag={add[0]}')}" if add else ""
    say(f"Next: icl runs list{where}{database_flag(db)}")


def note(
    run: RunArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Up to 2000 characters; '' takes the note away.")],
    db: DatabaseOption = DEFAULT_DATABASE,
) -> None:
    """Write a note beside a run, in place of the one before.

    Examples:

    icl runs note latest "Plateau until step 800; see the notebook."

    icl runs note looped ""
    """
    from icl_cli.store import note_runs

    with open_for_writing(db) as database:
        runs = _found(database, [run])
        note_runs(database, [each.id for each in runs], text)
    say(f"{count(len(runs), 'run')}: note {'written' if text.strip() else 'taken away'}.")
    say(f"Next: icl runs show {reference_to(runs, run)}{database_flag(db)}")


def rename(
    run: RunArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="1 to 80 printable characters.")],
    yes: YesOption = False,
    db: DatabaseOption = DEFAULT_DATABASE,
) -> None:
    """Call a run, or all runs of a name, by another name; ids stay, and so does what was measured.

    Seeds of one configuration share a name; before runs of another configuration come to share it, you are asked.

    Examples:

    icl runs rename latest looped

    icl runs rename 3f9ac2d1 "five layers, clipped"
    """
    from icl_cli.store import hidden_by, list_namesakes, list_runs, rename_runs

    with open_for_writing(db) as database:
        runs = _found(database, [run])
        others = list_namesakes(database, name, {run.family for run in runs})
        if others and not sharing_is_wanted(others, name, yes):
            return
        rename_runs(database, [each.id for each in runs], name)
        remarks = hidden_sentences(name, hidden_by(name, list_runs(database)))
    for sentence in remarks:
        say(sentence)
    say(f"{count(len(runs), 'run')} renamed.")
    say(f"Next: icl runs show {run_reference(runs[0].short_id, name)}{database_flag(db)}")


def hidden_sentences(name: str, hidden: list[Any]) -> list[str]:
    """A sentence for each run whose id begins like the name, which is what commands take first."""
    return [
        f"{name} means this name from now on, and no longer run {run.short_id} ({run.name}), whose id begins so: give "
        "more digits of that, or another name."
        for run in hidden
    ]


def _found(database: Any, references: list[str]) -> list[Any]:
    from icl_cli.store import resolve_all

    return resolve_all(database, references)


def _quoted(text: str) -> str:
    from icl_cli.report.formatting import shell_command

    return shell_command(text)
