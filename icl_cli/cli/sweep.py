"""`icl sweep`: many runs from one file, however often they are interrupted."""

import typer

from icl_cli.cli.sweep_plan import plan, schema
from icl_cli.cli.sweep_run import run
from icl_cli.cli.sweep_status import status
from icl_cli.cli.sweep_work import work

EXIT_CODES = (
    "Exit codes: 0 all runs done (or, with --skip-if-locked, another process is at it), 1 error, 2 wrong usage, "
    "3 finished but some runs failed or diverged, 4 nothing matched, 75 another process runs this sweep, "
    "130 interrupted, 143 terminated; after these two the same command goes on."
)

sweep_app = typer.Typer(
    help="Run sweeps: all runs of a file, on one machine or many, continued whenever they are started again.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)
sweep_app.command()(plan)
sweep_app.command()(run)
sweep_app.command()(status)
sweep_app.command()(schema)
sweep_app.command(hidden=True)(work)
