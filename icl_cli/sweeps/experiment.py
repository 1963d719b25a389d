"""One experiment: a run claimed in the database, trained or resumed, and recorded as it goes."""

import contextlib
import time
from typing import Literal, Protocol

from icl_cli.config import RunConfig
from icl_cli.errors import IclError
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
from icl_cli.training import Outcome, Report, load_state, train

# A run whose owner is silent for this long may be taken over; it is renewed ten times as often.
LEASE_SECONDS = 300.0


class Listener(Protocol):
    """Hears how an experiment goes, for a progress display."""

    def started(self, run: Run, resumed: bool) -> None:
        """Training starts, at `run.step` when `resumed`."""
        ...

    def stepped(self, step: int, loss: float) -> None:
        """The run is at `step`, with this training loss."""
        ...


class StoreRecorder:
    """A `Recorder` that puts every report into the database, in one transaction each."""

    def __init__(self, database: Database, run: Run, listener: Listener):
        self.database = database
        self.run = run
        self.owner = current_owner()
        self.listener = listener
        self.renewed = time.monotonic()

    def record(self, report: Report) -> None:
        """Store metrics, checkpoint and, if asked for, weights; renews the lease."""
        record_progress(
            self.database,
            self.run.id,
            owner=self.owner,
            step=report.step,
            metrics=[Metric(report.step, name, value) for name, value in report.metrics.items()],
            snapshot=to_bytes(report.state.model) if report.keep_weights else None,
            checkpoint=to_bytes(report.state),
            training_seconds=self.run.training_seconds + report.seconds,
            lease_seconds=LEASE_SECONDS,
        )
        self.renewed = time.monotonic()

    def progress(self, step: int, loss: float) -> None:
        """Pass the news on; renews the lease between reports that are far apart."""
        self.listener.stepped(step, loss)
        if time.monotonic() - self.renewed > LEASE_SECONDS / 10:
            renew_lease(self.database, self.run.id, owner=self.owner, lease_seconds=LEASE_SECONDS)
            self.renewed = time.monotonic()


def run_experiment(database: Database, config: RunConfig, name: str, listener: Listener) -> Claim:
    """Train `config` unless it has already ended; go on where an interrupted attempt stopped.

    **Returns** the claim, with the run as it is afterwards; its outcome says whether it was new, resumed or had ended.
    Whatever stops it — a signal, an error — the run keeps its last report and says so in its status.
    """
    claim = claim_run(
        database,
        config,
        name=name,
        owner=current_owner(),
        provenance=provenance(config),
        lease_seconds=LEASE_SECONDS,
    )
    if claim.outcome is ClaimOutcome.ENDED:
        return claim
    try:
        _train(database, claim, listener)
    except (KeyboardInterrupt, SystemExit):
        _release(database, claim.run, RunStatus.INTERRUPTED, None)
        raise
    except BaseException as error:
        _release(database, claim.run, RunStatus.FAILED, f"{type(error).__name__}: {error}")
        raise
    return Claim(get_run(database, claim.run.id), claim.outcome)


def _train(database: Database, claim: Claim, listener: Listener) -> None:
    run = claim.run
    checkpoint = find_checkpoint(database, run.id)
    resume = None if checkpoint is None else load_state(run.config, checkpoint.state)
    listener.started(run, resumed=claim.outcome is ClaimOutcome.RESUMED)
    outcome = train(run.config, StoreRecorder(database, run, listener), resume)
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


def _release(
    database: Database, run: Run, status: Literal[RunStatus.INTERRUPTED, RunStatus.FAILED], error: str | None
) -> None:
    # The first error is the one to show, also where the database itself is what failed.
    with contextlib.suppress(IclError):
        release_run(database, run.id, owner=current_owner(), status=status, error=error)
