"""Experiments: runs claimed in the database, trained or resumed, and recorded as they go."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Protocol

import jax

from icl_cli.config import RunConfig
from icl_cli.errors import BusyError, IclError
from icl_cli.models import to_bytes
from icl_cli.store import (
    Claim,
    ClaimOutcome,
    Database,
    Metric,
    Run,
    RunStatus,
    Summary,
    claim_run,
    current_owner,
    find_checkpoint,
    finish_run,
    get_run,
    record_progress,
    release_run,
    renew_lease,
)
from icl_cli.sweeps.provenance import provenance
from icl_cli.training import Outcome, Report, load_state, train_together

# A run whose owner is silent for this long may be taken over; it is renewed ten times as often.
LEASE_SECONDS = 300.0
# What a run reports is safe after so long at most; a killed process repeats no more than that.
KEEP_SECONDS = 0.5


class Listener(Protocol):
    """Hears how an experiment goes, for a progress display."""

    def started(self, run: Run, resumed: bool) -> None:
        """Training starts, at `run.step` when `resumed`."""
        ...

    def stepped(self, step: int, loss: float) -> None:
        """The run is at `step`, with this training loss."""
        ...


# Makes a listener for the runs of a configuration, for as long as they take.
Listen = Callable[[RunConfig], AbstractContextManager[Listener]]


class StoreRecorder:
    """A `Recorder` that puts reports into the database: at once with weights that last, else within `KEEP_SECONDS`.

    Short runs report a hundred times in seconds; a transaction and a checkpoint for each would slow them.
    """

    def __init__(self, database: Database, run: Run, listener: Listener | None):
        self.database = database
        self.run = run
        self.owner = current_owner()
        self.listener = listener
        self.renewed = time.monotonic()
        self.waiting: list[Report] = []

    def record(self, report: Report) -> None:
        """Take a report."""
        self.waiting.append(report)
        if report.keep_weights or self._due():
            self.keep()

    def keep(self) -> None:
        """Store the metrics of all reports taken and the state of the last, in one transaction; renews the lease."""
        if not self.waiting:
            return
        last = self.waiting[-1]
        record_progress(
            self.database,
            self.run.id,
            owner=self.owner,
            step=last.step,
            metrics=[Metric(report.step, *metric) for report in self.waiting for metric in report.metrics.items()],
            snapshot=to_bytes(last.state.model) if last.keep_weights else None,
            checkpoint=to_bytes(last.state),
            training_seconds=self.run.training_seconds + last.seconds,
            lease_seconds=LEASE_SECONDS,
        )
        self.waiting.clear()
        self.renewed = time.monotonic()

    def progress(self, step: int, loss: float) -> None:
        """Pass the news on; stores what has waited, and renews the lease between reports that are far apart."""
        if self._due():
            self.keep()
        if self.listener is not None:
            self.listener.stepped(step, loss)
        if time.monotonic() - self.renewed > LEASE_SECONDS / 10:
            renew_lease(self.database, self.run.id, owner=self.owner, lease_seconds=LEASE_SECONDS)
            self.renewed = time.monotonic()

    def _due(self) -> bool:
        return time.monotonic() - self.renewed >= KEEP_SECONDS


def run_experiment(database: Database, config: RunConfig, name: str, listener: Listener) -> Claim:
    """Train `config` unless it has already ended; go on where an interrupted attempt stopped.

    **Returns** the claim, with the run as it is afterwards; its outcome says whether it was new, resumed or had ended.
    Whatever stops it — a signal, an error — the run keeps its last report and says so in its status.
    """
    return run_together(database, [config], name, listener)[0]


def run_experiments(database: Database, configs: Sequence[RunConfig], name: str, listen: Listen) -> Iterator[Claim]:
    """`run_experiment` for configurations that differ in the seed alone, as one program where that is faster."""
    if jax.default_backend() == "cpu":
        for config in configs:
            with listen(config) as listener:
                yield run_experiment(database, config, name, listener)
        return
    with listen(configs[0]) as listener:
        yield from run_together(database, configs, name, listener)


def run_together(database: Database, configs: Sequence[RunConfig], name: str, listener: Listener) -> list[Claim]:
    """`run_experiment` for configurations that differ in the seed alone, as one program.

    Only those that are at the same step can run together, so resumed ones follow after new ones. The listener hears of
    every start and of one run's steps.
    """
    claims: list[Claim] = []
    unfinished: dict[str, Run] = {}
    try:
        for config in configs:
            claims.append(_claim(database, config, name))
            if claims[-1].outcome is not ClaimOutcome.ENDED:
                unfinished[claims[-1].run.id] = claims[-1].run
        for group in _by_step([claim for claim in claims if claim.run.id in unfinished]):
            _train(database, group, listener, unfinished)
    except BaseException as error:
        for run in unfinished.values():
            _release(database, run, error)
        raise
    return [Claim(get_run(database, claim.run.id), claim.outcome) for claim in claims]


def _claim(database: Database, config: RunConfig, name: str) -> Claim:
    return claim_run(
        database,
        config,
        name=name,
        owner=current_owner(),
        provenance=provenance(config),
        lease_seconds=LEASE_SECONDS,
    )


def _by_step(claims: list[Claim]) -> list[list[Claim]]:
    ordered = sorted(claims, key=lambda claim: claim.run.step)
    return [list(group) for _, group in groupby(ordered, key=lambda claim: claim.run.step)]


def _train(database: Database, claims: list[Claim], listener: Listener, unfinished: dict[str, Run]) -> None:
    """Train runs that are at the same step, and take them out of `unfinished`."""
    checkpoints = [find_checkpoint(database, claim.run.id) for claim in claims]
    resumes = [c and load_state(claim.run.config, c.state) for claim, c in zip(claims, checkpoints, strict=True)]
    for claim in claims:
        listener.started(claim.run, resumed=claim.outcome is ClaimOutcome.RESUMED)
    listeners = [listener, *(None for _ in claims[1:])]
    recorders = [StoreRecorder(database, claim.run, each) for claim, each in zip(claims, listeners, strict=True)]
    try:
        outcomes = train_together([claim.run.config for claim in claims], recorders, resumes)
    except BaseException:
        # The first error is the one to show, also where the database itself is what failed.
        with contextlib.suppress(IclError):
            _keep(recorders)
        raise
    _keep(recorders)
    for claim, outcome in zip(claims, outcomes, strict=True):
        _finish(database, claim.run, outcome)
        del unfinished[claim.run.id]


def _keep(recorders: Sequence[StoreRecorder]) -> None:
    for recorder in recorders:
        recorder.keep()


def _finish(database: Database, run: Run, outcome: Outcome) -> None:
    finish_run(
        database,
        run.id,
        owner=current_owner(),
        status=RunStatus.FINISHED if outcome.diverged_step is None else RunStatus.DIVERGED,
        step=int(outcome.state.step),
        diverged_step=outcome.diverged_step,
        error=None if outcome.diverged_step is None else f"loss not finite at step {outcome.diverged_step}",
        training_seconds=run.training_seconds + outcome.seconds,
        summaries=_summaries(outcome),
    )


def _summaries(outcome: Outcome) -> list[Summary]:
    return [Summary("held_out_loss", outcome.held_out_loss, outcome.held_out_loss_standard_error)]


def _release(database: Database, run: Run, error: BaseException) -> None:
    """Give a run up: interrupted by a signal or because a sibling is taken, or failed."""
    interrupted = isinstance(error, KeyboardInterrupt | SystemExit | BusyError)
    status = RunStatus.INTERRUPTED if interrupted else RunStatus.FAILED
    told = None if interrupted else f"{type(error).__name__}: {error}"
    # The first error is the one to show, also where the database itself is what failed.
    with contextlib.suppress(IclError):
        release_run(database, run.id, owner=current_owner(), status=status, error=told)
