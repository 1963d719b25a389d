"""A thread that shows that this process lives: it renews the leases of the runs that it trains.

Training does not take part. A step may last for minutes, compiling may, and the database may be out of reach: the
leases are renewed as soon as that can be done.
"""

import contextlib
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from icl_cli.errors import IclError, LostRunError, ReplacedFileError
from icl_cli.store import LEASE_SECONDS, RENEWAL_SECONDS, Database, Run, current_owner, renew_lease


class Heartbeat:
    """Renews the leases of `runs` every `seconds` while it is entered."""

    def __init__(self, database: Database, runs: Sequence[Run], seconds: float = RENEWAL_SECONDS):
        self._database = database
        self._runs = [run.id for run in runs]
        self._seconds = seconds
        self._stopped = threading.Event()
        self._lost: LostRunError | ReplacedFileError | None = None
        # A daemon: a process that is about to end must not wait for it.
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def finished(self, run: Run) -> None:
        """`run` needs no lease any more."""
        self._runs.remove(run.id)

    def require_owned(self) -> None:
        """Raises `LostRunError` if another process has one of the runs, `ReplacedFileError` if the database is gone."""
        if self._lost is not None:
            raise self._lost

    def _beat(self) -> None:
        while not self._stopped.wait(self._seconds):
            for run_id in list(self._runs):
                self._renew(run_id)

    def _renew(self, run_id: str) -> None:
        # Out of reach, locked or full: the next beat tries again, and recording says what is wrong.
        with contextlib.suppress(IclError):
            try:
                renew_lease(self._database, run_id, owner=current_owner(), lease_seconds=LEASE_SECONDS)
            except ReplacedFileError as error:
                self._lost = error
            except LostRunError as error:
                # A run that has just ended is nobody's, and no longer of ours.
                if run_id in self._runs:
                    self._lost = error
