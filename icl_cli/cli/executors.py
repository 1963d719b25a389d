"""Where a sweep trains: in processes of this machine, or as tasks of a Ray cluster."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from icl_cli.cli.options import defaulting
from icl_cli.cli.sweep_work import work_on_node
from icl_cli.errors import UsageError

# The group of these options in --help.
WHERE = "Where to train"
_ADDRESS = re.compile(r"([\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})", re.ASCII)


class ExecutorKind(StrEnum):
    """What `--executor` may say."""

    LOCAL = "local"
    RAY = "ray"


ExecutorOption = Annotated[
    ExecutorKind,
    typer.Option(
        "--executor",
        metavar="local|ray",
        help="Train on this machine, or on all of a Ray cluster.",
        rich_help_panel=WHERE,
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help=defaulting(
            "The Ray cluster's head; this machine must be one of its nodes.", "a Ray of this machine alone"
        ),
        show_default=False,
        rich_help_panel=WHERE,
    ),
]
GpusPerRunOption = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help=defaulting("GPUs for each job on Ray, such as 0.25 so that four share one.", "CPUs"),
        show_default=False,
        rich_help_panel=WHERE,
    ),
]


@dataclass(frozen=True)
class Executor:
    """Where to train. Raises `UsageError` for options that make no sense, alone or together."""

    kind: ExecutorKind
    address: str | None
    gpus_per_run: float | None

    def __post_init__(self) -> None:
        for option, given in (("--address", self.address), ("--gpus-per-run", self.gpus_per_run)):
            if given is not None and self.kind is not ExecutorKind.RAY:
                raise UsageError(f"{option} {given}: only for Ray. Add --executor ray, or leave it out.")
        if self.address is not None and not _is_address(self.address):
            raise UsageError(
                f"--address: {self.address!r} given; allowed is HOST:PORT, as `ray start --head` prints it."
            )
        gpus = self.gpus_per_run
        if gpus is not None and not (0 < gpus <= 1 or (gpus > 1 and gpus.is_integer())):
            raise UsageError(f"--gpus-per-run: {gpus:g} given; allowed are shares above 0 up to 1, and whole numbers.")

    @contextmanager
    def workers(self, database: Any, db: str, sweep_id: str, jobs: int, attempts: int) -> Iterator[Any]:
        """Workers for the sweep in `database`, which `db` names; they are stopped at the end."""
        if self.kind is ExecutorKind.LOCAL:
            from icl_cli.sweeps.local_workers import LocalWorkers

            with LocalWorkers(database, db, sweep_id, jobs, attempts) as workers:
                yield workers
            return
        from icl_cli.sweeps.ray_cluster import check_nodes, check_room, ray_cluster
        from icl_cli.sweeps.ray_workers import RayWorkers

        target = str(Path(db).absolute()) if database.is_file else db
        gpus = self.gpus_per_run or 0.0
        with ray_cluster(self.address) as ray:
            check_room(ray, gpus)
            check_nodes(ray, database)
            with RayWorkers(ray, target, sweep_id, jobs, attempts, work_on_node, gpus) as workers:
                yield workers


def _is_address(text: str) -> bool:
    found = _ADDRESS.fullmatch(text)
    return found is not None and 0 < int(found[2]) < 2**16
