"""`icl sweep run`: all runs of a sweep, trained, compared and analysed."""

import contextlib
import shlex
from collections.abc import Iterator
from typing import Any

from icl_cli.cli.claims import title
from icl_cli.cli.computing import prepare_to_compute
from icl_cli.cli.console import print_json, say, warn
from icl_cli.cli.executors import AddressOption, Executor, ExecutorKind, ExecutorOption, GpusPerRunOption
from icl_cli.cli.exit_codes import DONE, SOME_FAILED
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, QuickOption, database_flag
from icl_cli.cli.sweep_options import (
    AttemptsOption,
    FailFastOption,
    JobsOption,
    JoinOption,
    RetryFailedOption,
    SkipIfLockedOption,
    SweepArgument,
    WaitOption,
)
from icl_cli.cli.sweep_work import ATTEMPTS
from icl_cli.errors import SweepLockedError, UsageError

# What a log of cron should hold of runs that failed; the rest is in their own logs.
SHOWN_LOGS, SHOWN_LINES = 3, 12


def run(
    file: SweepArgument,
    jobs: JobsOption = 1,
    join: JoinOption = False,
    skip_if_locked: SkipIfLockedOption = False,
    wait: WaitOption = 0.0,
    fail_fast: FailFastOption = False,
    attempts: AttemptsOption = ATTEMPTS,
    retry_failed: RetryFailedOption = False,
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

    icl sweep run depth.toml --executor ray --db postgresql://icl@one/icl
    """
    from icl_cli.sweeps.sweep_run import Patience, enrol_sweep

    if join and (skip_if_locked or wait):
        raise UsageError("--join: given with --wait or --skip-if-locked, but it waits for no lock. Leave those out.")
    place = Executor(executor, address, gpus_per_run)
    sweep = _find(file, quick)
    with open_for_writing(db, mode="create") as database:
        sweep_id, state = enrol_sweep(database, sweep, quick), None
        try:
            with _lock(database, sweep_id, join, wait):
                if retry_failed:
                    _forgive(database, sweep_id)
                say(title(sweep, quick))
                state = _train(database, db, sweep_id, place, jobs, Patience(attempts, fail_fast), stays=not join)
                if not join and _is_complete(state, fail_fast):
                    _measure(database, sweep, quick)
        except SweepLockedError as error:
            if not skip_if_locked:
                raise
            say(f"{error.args[0].split('. ')[0]}; nothing to do here.")
        if json:
            _print_record(database, sweep_id)
        return _conclude(database, sweep_id, state, _next(sweep, file, quick, db), db) if state else DONE


def _find(file: str, quick: bool) -> Any:
    from icl_cli.report.sweep_files import checked_sweep

    return checked_sweep(file, quick)


def _is_complete(state: Any, fail_fast: bool) -> bool:
    from icl_cli.store import RunStatus

    return state.ended and not (fail_fast and state.counts.get(RunStatus.FAILED))


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
    from icl_cli.sweeps.sweep_run import run_sweep, settled_state, sweep_state

    state = settled_state(database, sweep_id, patience.most_attempts)
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
    from icl_cli.sweeps.reproduction import measure_sweep

    prepare_to_compute(trains=True)
    with work_progress() as tell:
        measure_sweep(database, sweep, quick, tell)


def _print_record(database: Any, sweep_id: str) -> None:
    from icl_cli.report.records import sweep_record, unfinished_runs
    from icl_cli.store import find_sweep

    print_json("sweep.run", sweep_record(find_sweep(database, sweep_id), unfinished_runs(database, sweep_id)))


def _next(sweep: Any, file: str, quick: bool, db: str) -> str:
    """The command that shows what came out of a sweep."""
    command = f"claims {shlex.quote(file)}{' --quick' if quick else ''}" if sweep.claims else "report"
    return f"icl {command}{database_flag(db)}"


def _conclude(database: Any, sweep_id: str, state: Any, following: str, db: str) -> int:
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
    if state.counts.get(RunStatus.FAILED):
        (failed, *_) = [each for each in bad if each.status is RunStatus.FAILED]
        say(f"Next: icl runs show {failed.short_id} --log{database_flag(db)}")
    else:
        say(f"Next: {following}")
    return SOME_FAILED if bad else DONE
