"""`icl`: the program. Registers the commands and turns every error into one line and an exit code.

Only light modules are imported here, so that `icl --help` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from typer.exceptions import Abort, TyperException

from icl_cli import __version__
from icl_cli.cli.analyse import analyse
from icl_cli.cli.claims import claims
from icl_cli.cli.compare import compare
from icl_cli.cli.console import say
from icl_cli.cli.db import db
from icl_cli.cli.plot import plot
from icl_cli.cli.report import report
from icl_cli.cli.reproduce import reproduce
from icl_cli.cli.runs import runs
from icl_cli.cli.stopping import TERMINATED, heed_signals
from icl_cli.cli.sweep import sweep_app
from icl_cli.cli.train import train
from icl_cli.errors import IclError

WRONG_USAGE = 2
INTERRUPTED = 130
KEPT = "What was recorded is kept; the same command goes on from there."

EPILOG = (
    "Exit codes: 0 done, 1 error, 2 wrong usage, 3 finished but some runs failed or diverged, or claims failed, "
    "4 nothing matched, 75 another process is at work on the run or sweep, 130 interrupted, 143 terminated."
)

app = typer.Typer(
    name="icl",
    help="A laboratory for in-context learning: train small transformers, compare them with gradient descent and "
    "other algorithms, keep every number in a database, draw the figures.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(compare)
app.command()(analyse)
app.add_typer(runs, name="runs")
app.add_typer(sweep_app, name="sweep")
app.add_typer(db, name="db")
app.command()(plot)
app.command()(report)
app.command()(reproduce)
app.command()(claims)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"icl {__version__}")
        raise typer.Exit


@app.callback()
def icl(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Register the global options; `main` has already acted on --debug, so that it may stand anywhere."""


def main() -> NoReturn:
    """The entry point of the `icl` script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    debug = "--debug" in arguments
    heed_signals()
    try:
        result = app([word for word in arguments if word != "--debug"], prog_name="icl", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        if debug and not isinstance(error, (SystemExit, KeyboardInterrupt)):
            raise
        return _explain(error)
    return result if isinstance(result, int) else 0


def _explain(error: BaseException) -> int:
    """Say what went wrong in one line on stderr; the exit code."""
    match error:
        case IclError():
            return _fail(str(error), error.exit_code)
        case TyperException():
            return _explain_usage(error.format_message())
        case KeyboardInterrupt() | Abort():
            return _fail(f"Interrupted. {KEPT}", INTERRUPTED)
        case SystemExit(code=code) if code == TERMINATED:
            return _fail(f"Terminated. {KEPT}", TERMINATED)
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case BrokenPipeError():
            # The reader of our output has left, as `head` does. Python must not complain when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        case OSError():
            return _fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.", 1)
        case MemoryError():
            return _fail("Out of memory. Lower --batch-size, --evaluation-tasks or --context-length.", 1)
        case _:
            return _fail(f"Unexpected {type(error).__name__}: {error}. Run again with --debug for the traceback.", 1)


def _explain_usage(message: str) -> int:
    """A wrong command line in one line; nothing more where a bare command has already printed its help."""
    return _fail(message, WRONG_USAGE) if message.strip() else WRONG_USAGE


def _fail(message: str, code: int) -> int:
    say("icl: " + " ".join(message.split()))
    return code
