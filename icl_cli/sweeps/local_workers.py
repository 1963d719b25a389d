"""Worker processes of this machine for one sweep: started, watched, replaced where they crash, stopped together."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from icl_cli.errors import IclError
from icl_cli.store import Database
from icl_cli.store.run_log import log_folder
from icl_cli.sweeps.machine_share import shares, visible_gpus

# From the request to stop until workers are killed; they need it to store their last steps.
STOP_SECONDS = 30.0
# Exit codes of a worker that found something wrong: an error, a wrong request, a database that is locked.
GAVE_UP = (1, 2, 4, 75)


@dataclass
class _Place:
    """One worker's share of the machine, its log for what it says between runs, and the process in it, if any."""

    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_busy(self) -> bool:
        return self.process is not None and self.process.poll() is None


class LocalWorkers:
    """Up to `jobs` workers for the sweep in `database`, which `target` names. Leave the context to stop them all."""

    def __init__(self, database: Database, target: str, sweep_id: str, jobs: int, most_attempts: int):
        words = ["sweep", "work", sweep_id, "--db", target, "--attempts", str(most_attempts)]
        # -P: a jax.py that lies in the present folder is none of ours.
        self._command = [sys.executable, "-P", "-m", "icl_cli", *words]
        folder = log_folder(database)
        folder.mkdir(parents=True, exist_ok=True)
        environments = shares(jobs, visible_gpus(os.environ))
        self._places = [
            _Place(environment, _new_log(folder, number)) for number, environment in enumerate(environments, 1)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def busy(self) -> int:
        """How many work."""
        return sum(place.is_busy for place in self._places)

    def start(self, most: int) -> None:
        """Start up to `most` more, where places are free.

        Raises `IclError` with the last words of a worker that gave up: nothing would get better by starting it again.
        One that was stopped, was killed or crashed is replaced.
        """
        for place in [place for place in self._places if not place.is_busy]:
            if place.process is not None and place.process.returncode in GAVE_UP:
                raise IclError(f"A worker gave up: {_last_words(place.log)}")
            if most > 0:
                most -= 1
                with place.log.open("wb") as log:
                    # A group of its own: Ctrl+C is for the process that started it, which stops it in good order.
                    place.process = subprocess.Popen(
                        self._command,
                        env=os.environ | place.environment,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )

    def stop(self) -> None:
        """Ask all to store what they have and end; kill those that take too long. Their logs go."""
        for place in self._places:
            if place.is_busy and place.process is not None:
                place.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for place in self._places:
            if place.process is not None:
                _wait(place.process, deadline - time.monotonic())
            place.log.unlink(missing_ok=True)


def _new_log(folder: Path, number: int) -> Path:
    """An empty file of a name that nobody can guess, and so put a link there."""
    descriptor, path = tempfile.mkstemp(prefix=f"worker-{number}-", suffix=".log", dir=folder)
    os.close(descriptor)
    return Path(path)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(max(seconds, 0.0))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " ".join(lines[-1:]).removeprefix("icl: ") or f"it said nothing; see {log}"
