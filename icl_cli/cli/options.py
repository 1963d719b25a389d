"""Options that several commands share, so that they are spelt and explained the same everywhere."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.errors import UsageError

# The group of options under which every --help lists where things come from and go to.
PLACES = "Database and output"
DEFAULT_DATABASE = "results.db"


def defaulting(text: str, default: str) -> str:
    """The help of an option whose default is not a value but what it comes to, shown as other defaults are."""
    return f"{text} [dim]\\[default: {default}][/dim]"


def path(text: str) -> Path:
    """The path that was given. Raises `UsageError` for an empty one, which would be taken for the present folder."""
    if not text:
        raise UsageError("An empty path given; is a variable not set? Write . for the present folder.")
    return Path(text)


def split_at_commas(parameter: typer.CallbackParam, values: list[str] | None) -> list[str] | None:
    """The values of an option that may be repeated, some of which may hold several with commas between.

    Raises `UsageError` where nothing stands between commas, as that would be taken for the default.
    """
    split = [part.strip() for value in values or () for part in value.split(",")]
    if "" in split:
        raise UsageError(f"{parameter.opts[0]}: {','.join(values or ())!r} given; write names with commas between.")
    return split or None


DatabaseOption = Annotated[
    str,
    typer.Option(
        "--db",
        metavar="FILE|URL",
        envvar="ICL_DB",
        help="The results database: a SQLite file, or postgresql://USER@HOST/NAME.",
        rich_help_panel=PLACES,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.", rich_help_panel=PLACES)]
OutputOption = Annotated[
    Path, typer.Option("--output", metavar="FOLDER", help="Where the files go.", rich_help_panel=PLACES, parser=path)
]
NewFileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Where the copy goes; it must not exist.", parser=path)
]
CoresOption = Annotated[
    int | None,
    typer.Option(
        "--cores",
        metavar="CORES",
        min=1,
        help=defaulting("CPU cores to use; no result depends on it.", "all"),
        show_default=False,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
QuickOption = Annotated[bool, typer.Option("--quick", help="The quick runs: fewer steps and seeds.")]
RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN",
        help=defaulting("Beginnings of ids, names, or latest.", "latest: the last finished run, all its seeds"),
        show_default=False,
        autocompletion=completion.runs,
    ),
]
RunArgument = Annotated[
    str,
    typer.Argument(metavar="RUN", help="The beginning of an id, a name, or latest.", autocompletion=completion.runs),
]
SomeRunsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN", help="Beginnings of ids, names (all their seeds), or latest.", autocompletion=completion.runs
    ),
]
AnyRunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN",
        help=defaulting("Beginnings of ids, names, or latest.", "all runs"),
        show_default=False,
        autocompletion=completion.runs,
    ),
]
FiguresArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FIGURE|FILE",
        help="Figures of the paper, such as fig3a, or sweep files (TOML).",
        show_default=False,
        autocompletion=completion.figures_and_files,
    ),
]


def reference_to(runs: Sequence[Any], given: str) -> str:
    """What a suggested command calls these runs by: what they were `given` as if they are several, else the id."""
    return run_reference(runs[0].short_id, given) if len(runs) > 1 else runs[0].short_id


def run_reference(short_id: str, name: str) -> str:
    """What a suggested command calls a run by: its name, unless that would be taken for an option."""
    return short_id if name.startswith("-") else shlex.quote(name)


def database_flag(db: str) -> str:
    """What a suggested command needs to find the same database: nothing for the default."""
    return "" if db == DEFAULT_DATABASE else f" --db {shlex.quote(db)}"
