"""The options of `icl sweep run`."""

from typing import Annotated

import typer

from icl_cli.cli import completion
from icl_cli.cli.executors import WHERE

MOST_JOBS = 256
# The groups of its options in --help.
OTHERS, FAILURES = "If another process runs it", "If runs fail"

SweepArgument = Annotated[
    str,
    typer.Argument(
        metavar="FIGURE|FILE",
        help="A figure of the paper, such as fig3a, or a sweep file (TOML).",
        autocompletion=completion.figures_and_files,
    ),
]
JobsOption = Annotated[
    int,
    typer.Option(
        metavar="JOBS",
        min=1,
        max=MOST_JOBS,
        help="Worker processes; they share cores or GPUs.",
        rich_help_panel=WHERE,
    ),
]
JoinOption = Annotated[
    bool,
    typer.Option(
        "--join", help="Help a process that runs this sweep already, here or elsewhere.", rich_help_panel=OTHERS
    ),
]
SkipIfLockedOption = Annotated[
    bool,
    typer.Option(
        "--skip-if-locked",
        help="If another process runs this sweep, leave with exit code 0.",
        rich_help_panel=OTHERS,
    ),
]
WaitOption = Annotated[
    float,
    typer.Option(metavar="SECONDS", min=0.0, help="How long to wait for such a process.", rich_help_panel=OTHERS),
]
FailFastOption = Annotated[
    bool, typer.Option("--fail-fast", help="Stop all runs as soon as one fails.", rich_help_panel=FAILURES)
]
AttemptsOption = Annotated[
    int,
    typer.Option(
        metavar="TIMES",
        min=1,
        help="Attempts in a row that may come to nothing, for each run.",
        rich_help_panel=FAILURES,
    ),
]
RetryFailedOption = Annotated[
    bool,
    typer.Option("--retry-failed", help="Also try runs again that failed so often.", rich_help_panel=FAILURES),
]
