"""What a training reports, put into the database; what that cannot take now waits in memory."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from icl_cli.errors import BusyError, LostRunError, UnreachableError
from icl_cli.models import to_bytes
from icl_cli.store import LEASE_SECONDS, Database, Metric, Run, current_owner, record_progress
from icl_cli.training import Report

# What a run reports is safe after so long at most; a killed process repeats no more than that.
KEEP_SECONDS = 0.5
# A database that cannot be reached is tried again so often, and for so long before a training gives up.
RETRY_SECONDS = 2.0
OUTAGE_SECONDS = 1800.0

Result = TypeVar("Result")


class Waiting(Protocol):
    """Hears why nothing goes on."""

    def waits(self, reason: str) -> None:
        """Nothing can be done for the time being, because of `reason`."""
        ...


class Listener(Waiting, Protocol):
    """Hears how an experiment goes, for a progress display."""

    def started(self, run: Run, resumed: bool) -> None:
        """Training starts, at `run.step` when `resumed`."""
        ...

    def stepped(self, step: int, loss: float) -> None:
        """The run is at `step`, with this training loss."""
        ...


class StoreRecorder:
    """A `Recorder` that puts reports into the database: at once with weights that last, else within `KEEP_SECONDS`.

    Short runs report a hundred times in seconds; a transaction and a checkpoint for each would slow them. While the
    database is out of reach training goes on, and its reports wait.
    """

    def __init__(self, database: Database, run: Run, listener: Listener | None, require_owned: Callable[[], None]):
        self.database = database
        self.run = run
        self.owner = current_owner()
        self.listener = listener
        self.require_owned = require_owned
        self.kept = time.monotonic()
        self.waiting: list[Report] = []
        self.last: Report | None = None
        self.unreachable_since: float | None = None

    def record(self, report: Report) -> None:
        """Take a report."""
        self.waiting.append(report)
        self.last = report
        if report.keep_weights or self._due():
            self.keep()

    def keep(self) -> None:
        """Store all reports taken, in order; those that an outage holds up stay for the next time.

        Raises `UnreachableError`, or `BusyError` for a lock that others keep, if that lasts for `OUTAGE_SECONDS`, and
        `LostRunError` if the run is lost.
        """
        try:
            for group in _groups(self.waiting):
                self._store(self.database, group)
                del self.waiting[: len(group)]
            self.unreachable_since = None
        except LostRunError:
            raise
        except (UnreachableError, BusyError) as error:
            self._bear(error)
        self.kept = time.monotonic()

    def keep_all(self) -> None:
        """As `keep`, and wait until all of it is stored."""
        self.keep()
        while self.waiting:
            time.sleep(RETRY_SECONDS)
            self.keep()

    def keep_in(self, database: Database) -> None:
        """Store what waits, and the state to go on from, in another database that has the run."""
        for group in _groups(self.waiting or ([self.last] if self.last else [])):
            self._store(database, group)

    def progress(self, step: int, loss: float) -> None:
        """Pass the news on, and store what has waited."""
        self.require_owned()
        if self.waiting and self._due():
            self.keep()
        if self.listener is not None:
            self.listener.stepped(step, loss)

    def _store(self, database: Database, reports: Sequence[Report]) -> None:
        last = reports[-1]
        record_progress(
            database,
            self.run.id,
            owner=self.owner,
            step=last.step,
            metrics=[Metric(report.step, *metric) for report in reports for metric in report.metrics.items()],
            snapshot=to_bytes(last.state.model) if last.keep_weights else None,
            checkpoint=to_bytes(last.state),
            training_seconds=self.run.training_seconds + last.seconds,
            lease_seconds=LEASE_SECONDS,
        )

    def _bear(self, error: UnreachableError | BusyError) -> None:
        now = time.monotonic()
        if self.unreachable_since is None:
            self.unreachable_since = now
            if self.listener is not None:
                self.listener.waits(f"{error} Training goes on, what it reports is kept until then.")
        elif now - self.unreachable_since > OUTAGE_SECONDS:
            raise error

    def _due(self) -> bool:
        return time.monotonic() - self.kept >= (KEEP_SECONDS if self.unreachable_since is None else RETRY_SECONDS)


def patiently(action: Callable[[], Result], listener: Waiting) -> Result:
    """What `action` returns, tried again while the database is out of reach, for `OUTAGE_SECONDS`."""
    began = time.monotonic()
    told = False
    while True:
        try:
            return action()
        except UnreachableError as error:
            if time.monotonic() - began > OUTAGE_SECONDS:
                raise
            if not told:
                listener.waits(str(error))
                told = True
            time.sleep(RETRY_SECONDS)


def _groups(reports: Sequence[Report]) -> Iterator[list[Report]]:
    """Reports in order; each group ends with the only one whose weights last, or with the last of all."""
    group: list[Report] = []
    for report in list(reports):
        group.append(report)
        if report.keep_weights:
            yield group
            group = []
    if group:
        yield group
