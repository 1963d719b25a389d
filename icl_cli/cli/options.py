"""Options that several commands share, so that they are spelt and explained the same everywhere."""

import shlex
from typing import Annotated

import typer

DatabaseOption = Annotated[
    str,
    typer.Option(
        "--db",
        metavar="FILE|URL",
        envvar="ICL_DB",
        help="The results database: a SQLite file, or postgresql://USER@HOST/NAME.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for programs.")]
RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN", help="Id prefixes or names. (default: the latest run, all its seeds)", show_default=False
    ),
]
DEFAULT_DATABASE = "results.db"


def database_flag(db: str) -> str:
    """What a suggested command needs to find the same database: nothing for the default."""
    return "" if db == DEFAULT_DATABASE else f" --db {shlex.quote(db)}"
