"""`icl sweep plan` and `icl sweep schema`: what sweep files mean, and what they may say."""

import shlex
from typing import Annotated

import typer

from icl_cli.cli import completion
from icl_cli.cli.console import print_document, print_json, print_table, say
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, QuickOption, database_flag

FilesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="FIGURE|FILE",
        help="Figures of the paper, such as fig3a, or sweep files (TOML).",
        autocompletion=completion.figures_and_files,
    ),
]


def plan(
    files: FilesArgument, quick: QuickOption = False, db: DatabaseOption = DEFAULT_DATABASE, json: JsonOption = False
) -> None:
    """Show every run of a sweep, what is there of it, and what the rest will take. Starts and stores nothing.

    Examples:

    icl sweep plan my-sweep.toml

    icl sweep plan fig3a fig3b --quick

    icl sweep plan my-sweep.toml --json
    """
    from icl_cli.report.plan_tables import plan_record, plan_table
    from icl_cli.report.sweep_files import checked_sweep
    from icl_cli.sweeps.plan import plan_sweep

    plans = [plan_sweep(db, checked_sweep(file, quick), quick) for file in files]
    if json:
        print_json("sweep.plan", [plan_record(each) for each in plans])
    else:
        for each in plans:
            print_table(plan_table(each))
    left = [file for file, each in zip(files, plans, strict=True) if not each.is_done]
    command = f"sweep run {shlex.join(left)}" if left else f"claims {shlex.join(files)}"
    say(f"Next: icl {command}{' --quick' if quick else ''}{database_flag(db)}")


def schema() -> None:
    """Print the JSON schema of sweep files, by which editors complete and check them.

    Examples:

    icl sweep schema

    icl sweep schema > sweep.schema.json
    """
    from icl_cli.sweeps.file_schema import file_schema

    print_document(file_schema())
