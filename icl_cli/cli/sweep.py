"""`icl sweep`: many runs from one file, however often they are interrupted."""

import typer

from icl_cli.cli import exit_codes
from icl_cli.cli.sweep_plan import plan, schema
from icl_cli.cli.sweep_run import run
from icl_cli.cli.sweep_status import status
from icl_cli.cli.sweep_work import work

EXIT_CODES = {
    exit_codes.DONE: "all runs done (or, with --skip-if-locked, another process is at it)",
    exit_codes.ERROR: "error",
    exit_codes.SOME_FAILED: "finished but some runs failed or diverged",
    exit_codes.BUSY: "another process runs this sweep",
    exit_codes.TERMINATED: "terminated (after these two the same command goes on)",
}

sweep_app = typer.Typer(
    help="Run sweeps: all runs of a file, on one machine or many, continued whenever they are started again.",
    epilog=exit_codes.exit_codes_sentence(EXIT_CODES),
    no_args_is_help=True,
)
sweep_app.command()(plan)
sweep_app.command()(run)
sweep_app.command()(status)
sweep_app.command()(schema)
sweep_app.command(hidden=True)(work)
