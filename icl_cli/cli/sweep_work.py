"""What workers execute: `icl sweep work` as a process of this machine, `work_on_node` as a task of a Ray cluster."""

import os
from typing import Annotated

import typer

from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption
from icl_cli.cli.stopping import heed_signals

# As in the store, whose import every `--help` would wait for.
ATTEMPTS = 3


def work(
    sweep_id: Annotated[str, typer.Argument(metavar="SWEEP", help="The sweep's id.")],
    attempts: Annotated[int, typer.Option(metavar="N", min=1)] = ATTEMPTS,
    db: DatabaseOption = DEFAULT_DATABASE,
) -> int:
    """Train runs of a sweep until none waits: what `icl sweep run` starts."""
    # Before anything looks at the cores.
    if cores := os.environ.get("ICL_CORES"):
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    from icl_cli.training.devices import use_cores

    use_cores()
    _train_waiting(sweep_id, attempts, db)
    return 0


def work_on_node(sweep_id: str, attempts: int, db: str, cores: int) -> None:
    """The same in a process of Ray, which counts cores but gives none to a task: the system shares them out."""
    from icl_cli.training.devices import show_cores

    # A cancelled task is interrupted; a process that Ray ends is terminated.
    heed_signals()
    show_cores(cores)
    _train_waiting(sweep_id, attempts, db)


def _train_waiting(sweep_id: str, attempts: int, db: str) -> None:
    from icl_cli.cli.training_progress import log_progress
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.store import Database
    from icl_cli.sweeps.recorder import patiently
    from icl_cli.sweeps.worker import Stranded
    from icl_cli.sweeps.worker import work as train_waiting

    keep_compiled_programs()
    # A server that is just being restarted ends no sweep.
    with patiently(lambda: Database.open(db, mode="write"), Stranded()) as database:
        train_waiting(database, sweep_id, attempts, log_progress)
