"""`icl`: the program. Registers the commands and turns every error into one line and an exit code.

Only light modules are imported here, so that `icl --help` answers at once.
"""

import errno
import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import typer.main
from typer.exceptions import Abort, TyperException

from icl_cli import __version__
from icl_cli.cli.analyse import analyse
from icl_cli.cli.bundle import import_bundle
from icl_cli.cli.called_command import called_command
from icl_cli.cli.claims import claims
from icl_cli.cli.compare import compare
from icl_cli.cli.computing import address_space, fault_of_devices
from icl_cli.cli.console import warn
from icl_cli.cli.db import db
from icl_cli.cli.doctor import doctor
from icl_cli.cli.exit_codes import DONE, ERROR, INTERRUPTED, TERMINATED, WRONG_USAGE, exit_codes_sentence
from icl_cli.cli.global_options import DEBUG, QUIET, VERBOSE, taken_out, told, with_global_options
from icl_cli.cli.help_style import with_plain_help
from icl_cli.cli.missing_values import require_values
from icl_cli.cli.plot import plot
from icl_cli.cli.report import report
from icl_cli.cli.reproduce import reproduce
from icl_cli.cli.runs import runs
from icl_cli.cli.stopping import KEPT, heed_signals, leave_on_signals, signals_ignored
from icl_cli.cli.sweep import sweep_app
from icl_cli.cli.train import train
from icl_cli.cli.usage_errors import usage_message
from icl_cli.cli.usual_path import USUAL_PATH
from icl_cli.cli.weights import weights
from icl_cli.errors import IclError

# Set by the shell when it asks for completions.
_COMPLETION = "_ICL_COMPLETE"
_FULL = (errno.ENOSPC, errno.EDQUOT)

app = typer.Typer(
    name="icl",
    help="A laboratory for in-context learning: train small transformers, compare them with gradient descent and "
    "other algorithms, keep every number in a database, draw the figures.",
    epilog=exit_codes_sentence(),
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(compare)
app.command()(analyse)
app.add_typer(runs, name="runs")
app.add_typer(weights, name="weights")
app.add_typer(sweep_app, name="sweep")
app.add_typer(db, name="db")
app.command()(plot)
app.command()(report)
app.command("import")(import_bundle)
app.command()(reproduce)
app.command()(claims)
app.command()(doctor)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"icl {__version__}")
        raise typer.Exit


@app.callback()
def icl(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
    quiet: Annotated[
        bool, typer.Option(*QUIET, help="Say nothing but data and errors; may stand anywhere, as the next two.")
    ] = False,
    verbose: Annotated[bool, typer.Option(*VERBOSE, help="Also say what is reused, and when what happened.")] = False,
    debug: Annotated[bool, typer.Option(*DEBUG, help="Show the traceback of an error.")] = False,
) -> None:
    """Register the global options, for --help; `run` has already acted on them, so that they may stand anywhere."""


COMMAND = with_global_options(with_plain_help(typer.main.get_command(app)))


def main() -> NoReturn:
    """Run the command line of this process and leave it."""
    _open_closed_streams()
    # Figures go to files. A backend for windows, which Jupyter sets for its children, may not even be installed.
    os.environ.pop("MPLBACKEND", None)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show α should not end a command.
            stream.reconfigure(errors="replace")
    code = run(sys.argv[1:])
    # What is left to do is to end.
    leave_on_signals()
    sys.exit(code)


def _open_closed_streams() -> None:
    """Where a shell closed one, as `2>&-` does, Python has none, and talk would land among the data."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    options = taken_out(arguments)
    heed_signals()
    try:
        with told(options.loudness):
            result = _run_command(options.rest)
            sys.stdout.flush()
    except BaseException as error:
        with signals_ignored():
            if options.debug and not isinstance(error, (SystemExit, KeyboardInterrupt)):
                # Not by Python, which would print whatever a message quotes, and end with a code of its own.
                warn("".join(traceback.format_exception(error)).rstrip())
            return _explain(error, options.rest)
    return result if isinstance(result, int) else DONE


def _run_command(words: Sequence[str]) -> object:
    """What the command returned; without a command, show the usual path."""
    if not words and _COMPLETION not in os.environ:
        sys.stdout.write(USUAL_PATH)
        return DONE
    require_values(COMMAND, words)
    result = COMMAND.main(list(words), prog_name="icl", standalone_mode=False)
    if result == INTERRUPTED:
        # Typer has taken Ctrl+C for an exit code, without a word.
        raise KeyboardInterrupt
    return result


def _explain(error: BaseException, words: Sequence[str]) -> int:
    """Say what went wrong with the command of these `words` in one line on stderr; the exit code."""
    match error:
        case IclError():
            return _fail(str(error), error.exit_code)
        case TyperException():
            # Nothing more where a bare command has already printed its help.
            message = usage_message(error, called_command(COMMAND, words)[0], words)
            return _fail(message, WRONG_USAGE) if message else WRONG_USAGE
        case KeyboardInterrupt() | Abort():
            return _fail(f"Interrupted. {KEPT}", INTERRUPTED)
        case SystemExit():
            return _explain_exit(error)
        case BrokenPipeError():
            # The reader of our output has left, as `head` does. Python must not complain when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return DONE
        case OSError():
            return _fail(_of_system(error), ERROR)
        case MemoryError():
            advice = "Lower --batch-size, --evaluation-tasks or --context-length."
            return _fail(f"Out of memory{_limited()}. {advice}", ERROR)
        case ImportError() if _limited():
            return _fail(f"A library cannot be loaded{_limited()}: {error}. Raise it: `ulimit -v unlimited`.", ERROR)
        case RuntimeError() | AssertionError() if fault := fault_of_devices():
            return _fail(fault, WRONG_USAGE)
        case _:
            return _fail(
                f"Unexpected {type(error).__name__}: {error}. Run again with --debug for the traceback.", ERROR
            )


def _limited() -> str:
    """Of an error that may come from it: how much address space there is, empty where nothing limits it."""
    allowed = address_space()
    return "" if allowed is None else f" within the {allowed // 1024} kB of address space that ulimit -v allows"


def _of_system(error: OSError) -> str:
    what = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}."
    if error.errno == errno.EACCES:
        return f"{what} Make it readable and writable, or give another path."
    return f"{what}{_temporary_folder(full=error.errno in _FULL)}"


def _temporary_folder(full: bool) -> str:
    """Where temporary files go, if the disk is `full`; or that there is no folder for them."""
    import tempfile

    try:
        folder = tempfile.gettempdir()
    except FileNotFoundError:
        return " Set TMPDIR to a folder with room that may be written."
    return f" Free some space. Temporary files are in {folder}; TMPDIR names another folder." if full else ""


def _explain_exit(error: SystemExit) -> int:
    if error.code == TERMINATED:
        return _fail(f"Terminated. {KEPT}", TERMINATED)
    if isinstance(error.__context__, BrokenPipeError):
        # The reader of a page of --help, which rich prints, has left.
        return DONE
    return error.code if isinstance(error.code, int) else ERROR


def _fail(message: str, code: int) -> int:
    warn("icl: " + " ".join(message.split()))
    return code
