"""Workers of a sweep on a Ray cluster, in place of processes of this machine.

A task trains runs until none waits. Ray may lose one, and start another: which run is whose, what is done and whose
worker has died is in the database alone.
"""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from icl_cli.errors import IclError
from icl_cli.sweeps.local_workers import STOP_SECONDS
from icl_cli.sweeps.machine_share import GPU_MEMORY_SHARE
from icl_cli.sweeps.ray_cluster import Node, last_words, nodes

KILL_SECONDS = 10.0

# Trains waiting runs: of a sweep, for so many fruitless attempts each, in a database, on so many cores.
Train = Callable[[str, int, str, int], None]


class RayWorkers:
    """Up to `jobs` tasks for the sweep in the database `target`. Leave the context to stop them all.

    Each takes `gpus_per_run` of a GPU, or, if that is 0, its share of a node's cores; it calls `train`, which must be
    importable on all nodes.
    """

    def __init__(
        self,
        ray: Any,
        target: str,
        sweep_id: str,
        jobs: int,
        most_attempts: int,
        train: Train,
        gpus_per_run: float = 0.0,
    ):
        cores = 1 if gpus_per_run else shared_cores(nodes(ray), jobs)
        self._ray = ray
        self._jobs = jobs
        self._arguments = (sweep_id, most_attempts, target, cores)
        # A process for each task: what owns runs is gone when the task is.
        self._task = ray.remote(max_calls=1)(train).options(
            num_cpus=0 if gpus_per_run else cores,
            num_gpus=gpus_per_run,
            max_retries=0,
            runtime_env={"env_vars": environment(gpus_per_run)},
        )
        self._references: list[Any] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def busy(self) -> int:
        """How many tasks work, or wait for a node that has room."""
        return len(self._split()[1])

    def start(self, most: int) -> None:
        """Submit up to `most` more, where fewer than `jobs` are busy.

        Raises `IclError` with the last words of a task that gave up: nothing would get better by starting it again. One
        whose process or node died is replaced.
        """
        ended, self._references = self._split()
        for reference in ended:
            self._require_sound(reference)
        for _ in range(min(most, self._jobs - len(self._references))):
            self._references.append(self._task.remote(*self._arguments))

    def stop(self) -> None:
        """Ask all to store what they have and end; kill those that take too long."""
        self._cancel(force=False, seconds=STOP_SECONDS)
        self._cancel(force=True, seconds=KILL_SECONDS)

    def _split(self) -> tuple[list[Any], list[Any]]:
        """The tasks that have ended, and the others."""
        if not self._references:
            return [], []
        return self._ray.wait(self._references, num_returns=len(self._references), timeout=0)

    def _require_sound(self, reference: Any) -> None:
        lost = self._ray.exceptions
        try:
            self._ray.get(reference)
        except (lost.WorkerCrashedError, lost.NodeDiedError, lost.OutOfMemoryError):
            return
        except lost.RayError as error:
            raise IclError(f"A worker gave up: {last_words(error)}") from error

    def _cancel(self, force: bool, seconds: float) -> None:
        self._references = self._split()[1]
        for reference in self._references:
            self._ray.cancel(reference, force=force)
        if self._references:
            self._ray.wait(self._references, num_returns=len(self._references), timeout=seconds)


def shared_cores(present: Sequence[Node], jobs: int) -> int:
    """Cores for each of `jobs` tasks: as many as let all of them run at once, and 1 where that is too many."""
    most = max((int(node.cpus) for node in present), default=1)
    fitting = (cores for cores in range(most, 1, -1) if sum(int(node.cpus) // cores for node in present) >= jobs)
    return next(fitting, 1)


def environment(gpus_per_run: float) -> dict[str, str]:
    """What a task's process finds in its environment before it imports JAX; which GPU it sees is Ray's decision."""
    if not gpus_per_run:
        return {"JAX_PLATFORMS": "cpu"}
    return {"XLA_CLIENT_MEM_FRACTION": f"{GPU_MEMORY_SHARE * min(gpus_per_run, 1.0):.3f}"}
