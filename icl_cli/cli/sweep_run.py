"""`icl sweep run`: all runs of a sweep, trained, compared and analysed."""

import contextlib
import shlex
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.cli.claims import title
from icl_cli.cli.console import print_json, say, warn
from icl_cli.cli.executors import WHERE, AddressOption, Executor, ExecutorKind, ExecutorOption, GpusPerRunOption
from icl_cli.cli.exit_codes import DONE, SOME_FAILED
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, QuickOption, database_flag
from icl_cli.cli.sweep_work import ATTEMPTS
from icl_cli.errors import SweepLockedError, UsageError

MOST_JOBS = 256
# The groups of its options in --help.
OTHERS, FAILURES = "If another process runs it", "If runs fail"
# What a log of cron should hold of runs that failed; the rest is in their own logs.
SHOWN_LOGS, SHOWN_LINES = 3, 12


def run(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FIGURE|FILE",
            help="A figure of the paper, such as fig3a, or a sweep file (TOML).",
            autocompletion=completion.figures_and_files,
        ),
    ],
    jobs: Annotated[
        int,
        typer.Option(
            metavar="JOBS",
            min=1,
            max=MOST_JOBS,
            help="Worker processes; they share cores or GPUs.",
            rich_help_panel=WHERE,
        ),
    ] = 1,
    join: Annotated[
        bool,
        typer.Option(
            "--join", help="Help a process that runs this sweep already, here or elsewhere.", rich_help_panel=OTHERS
        ),
    ] = False,
    skip_if_locked: Annotated[
        bool,
        typer.Option(
            "--skip-if-locked",
            help="If another process runs this sweep, leave with exit code 0.",
            rich_help_panel=OTHERS,
        ),
    ] = False,
    wait: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.0, help="How long to wait for such a process.", rich_help_panel=OTHERS),
    ] = 0.0,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop all runs as soon as one fails.", rich_help_panel=FAILURES)
    ] = False,
    attempts: Annotated[
        int,
        typer.Option(
            metavar="TIMES",
            min=1,
            help="Attempts in a row that may come to nothing, for each run.",
            rich_help_panel=FAILURES,
        ),
    ] = ATTEMPTS,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Also try runs again that failed so often.", rich_help_panel=FAILURES),
    ] = False,
    executor: ExecutorOption = ExecutorKind.LOCAL,
    address: AddressOption = None,
    gpus_per_run: GpusPerRunOption = None,
    quick: QuickOption = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> int:
    """Train the runs of a sweep that are missing, then compare and analyse them as its file asks.

    Run it again after whatever stopped it: what is done is not done again, and runs go on at their last stored step.
    Made for cron: it asks nothing, and two at once do not get in each other's way.

    Examples:

    icl sweep run sweeps/depth.toml --jobs 2

    icl sweep run sweeps/depth.toml --skip-if-locked

    icl sweep run sweeps/depth.toml --jobs 16 --executor ray --address one:6379 --db postgresql://icl@one/icl
    """
    from icl_cli.report.paper_figure import check_figure
    from icl_cli.store import RunStatus
    from icl_cli.sweeps.catalogue import find_sweeps
    from icl_cli.sweeps.reproduction import require_reproducible
    from icl_cli.sweeps.sweep_run import Patience, enrol_sweep

    if join and (skip_if_locked or wait):
        raise UsageError("--join: given with --wait or --skip-if-locked, but it waits for no lock. Leave those out.")
    place = Executor(executor, address, gpus_per_run)
    (sweep,) = find_sweeps([file])
    if sweep.figure.panels:
        check_figure(sweep.figure)
    require_reproducible(sweep, quick)
    with open_for_writing(db, mode="create") as database:
        sweep_id = enrol_sweep(database, sweep, quick)
        try:
            with _lock(database, sweep_id, join, wait):
                if retry_failed:
                    _forgive(database, sweep_id)
                say(title(sweep, quick))
                with_patience = Patience(attempts, fail_fast)
                state = _train(database, db, sweep_id, place, jobs, with_patience, stays=not join)
                stopped = fail_fast and state.counts.get(RunStatus.FAILED)
                if state.ended and not (join or stopped):
                    _measure(database, sweep, quick)
        except SweepLockedError as error:
            if not skip_if_locked:
                raise
            say(f"{error.args[0].split('. ')[0]}; nothing to do here.")
            return DONE
        if json:
            _print_record(database, sweep_id)
        return _conclude(database, sweep_id, state, file, quick, db)


@contextlib.contextmanager
def _lock(database: Any, sweep_id: str, join: bool, wait: float) -> Iterator[None]:
    from icl_cli.sweeps.sweep_lock import sweep_lock

    if join:
        yield
        return
    with sweep_lock(database, sweep_id, wait):
        yield


def _forgive(database: Any, sweep_id: str) -> None:
    from icl_cli.store import forgive_attempts

    forgive_attempts(database, sweep_id)


def _train(database: Any, db: str, sweep_id: str, place: Executor, jobs: int, patience: Any, stays: bool) -> Any:
    from icl_cli.cli.sweep_progress import sweep_progress
    from icl_cli.sweeps.sweep_run import run_sweep, sweep_state

    state = sweep_state(database, sweep_id, patience.most_attempts)
    if not state.waiting and not state.running:
        return state
    with sweep_progress(database, sweep_id) as watch:
        with place.workers(database, db, sweep_id, jobs, patience.most_attempts) as workers:
            run_sweep(database, sweep_id, workers, patience, watch, stays)
        state = sweep_state(database, sweep_id, patience.most_attempts)
        watch(state)
    return state


def _measure(database: Any, sweep: Any, quick: bool) -> None:
    from icl_cli.cli.work_progress import work_progress
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.sweeps.reproduction import measure_sweep
    from icl_cli.training.devices import use_cores

    use_cores()
    keep_compiled_programs()
    with work_progress() as tell:
        measure_sweep(database, sweep, quick, tell)


def _print_record(database: Any, sweep_id: str) -> None:
    from icl_cli.report.records import sweep_record, unfinished_runs
    from icl_cli.store import find_sweep

    print_json("sweep.run", sweep_record(find_sweep(database, sweep_id), unfinished_runs(database, sweep_id)))


def _conclude(database: Any, sweep_id: str, state: Any, file: str, quick: bool, db: str) -> int:
    from icl_cli.report.sweep_tables import state_text
    from icl_cli.store import RunStatus, list_sweep_runs
    from icl_cli.store.run_log import read_log

    bad = list_sweep_runs(database, sweep_id, RunStatus.FAILED, RunStatus.DIVERGED)
    for each in bad:
        warn(f"Run {each.short_id} ({each.name} seed {each.seed}) {each.status}: {each.error}")
    for each in [each for each in bad if each.status is RunStatus.FAILED][:SHOWN_LOGS]:
        warn(f"The end of the log of {each.short_id}:")
        for line in read_log(database, each).splitlines()[-SHOWN_LINES:]:
            warn(f"  {line}")
    say(state_text(state))
    flags = f"{' --quick' if quick else ''}{database_flag(db)}"
    if state.counts.get(RunStatus.FAILED):
        say(f"Next: icl runs show {bad[0].short_id} --log{database_flag(db)}")
    else:
        say(f"Next: icl claims {shlex.quote(file)}{flags}")
    return SOME_FAILED if bad else DONE
