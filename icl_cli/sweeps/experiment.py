"""Experiments: runs claimed in the database, trained or resumed, and recorded as they go."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import groupby

import jax

from icl_cli.config import RunConfig
from icl_cli.errors import BusyError, IclError, StoreError
from icl_cli.numerics import fixed_numerics
from icl_cli.store import (
    SILENT_SECONDS,
    Claim,
    Claimant,
    ClaimOutcome,
    Database,
    LeaseExpiredError,
    Run,
    RunStatus,
    Summary,
    claim_run,
    current_owner,
    find_checkpoint,
    finish_run,
    get_run,
    release_run,
)
from icl_cli.sweeps.bayes_loss import bayes_loss
from icl_cli.sweeps.heartbeat import Heartbeat
from icl_cli.sweeps.own_process import needs_own_process, run_in_own_process
from icl_cli.sweeps.provenance import provenance
from icl_cli.sweeps.recorder import Listener, StoreRecorder, patiently
from icl_cli.sweeps.rescue import kept_beside
from icl_cli.training import Outcome, TrainingState, load_state, train_together

logger = logging.getLogger(__name__)

# Makes a listener for the runs of a configuration, for as long as they take.
Listen = Callable[[RunConfig], AbstractContextManager[Listener]]


def run_experiment(database: Database, config: RunConfig, name: str, listener: Listener) -> Claim:
    """Train `config` unless it has already ended; go on where an interrupted attempt stopped.

    **Returns** the claim, with the run as it is afterwards; its outcome says whether it was new, resumed or had ended.
    Whatever stops it — a signal, an error — the run keeps its last report and says so in its status. Where JAX has a
    single CPU device the training is another process's, of which `listener` hears nothing.
    """
    if needs_own_process():
        return run_in_own_process(database, config, name)
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
    try:
        for config in configs:
            claims.append(_claim(database, config, name, listener))
    except BaseException as error:
        for claim in _to_train(claims):
            _release(database, claim.run, error)
        raise
    train_claimed(database, _to_train(claims), listener)
    return [
        Claim(patiently(lambda run=claim.run: get_run(database, run.id), listener), claim.outcome) for claim in claims
    ]


def _to_train(claims: Sequence[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim.outcome is not ClaimOutcome.ENDED]


@fixed_numerics()
def train_claimed(database: Database, claims: Sequence[Claim], listener: Listener) -> None:
    """Train runs that this process has claimed to their ends; those that differ in the seed alone, as one program.

    Whatever stops it, the runs keep their last reports and are given back.
    """
    unfinished = {claim.run.id: claim.run for claim in claims}
    try:
        for group in _by_step(claims):
            _train(database, group, listener, unfinished)
    except BaseException as error:
        for run in unfinished.values():
            _release(database, run, error)
        raise


def _claim(database: Database, config: RunConfig, name: str, listener: Listener) -> Claim:
    """Claim a run; where its owner may be dead, wait until that is certain."""
    claimant = Claimant(current_owner(), provenance())
    waits_until = 0.0
    while True:
        try:
            return patiently(lambda: claim_run(database, config, claimant, name=name), listener)
        except LeaseExpiredError as error:
            if not waits_until:
                listener.waits(f"{error.args[0].split('. ')[0]}. Waiting {SILENT_SECONDS:g} s to see whether it lives.")
                waits_until = time.monotonic() + SILENT_SECONDS + 1
            elif time.monotonic() > waits_until:
                raise
            time.sleep(1.0)


def _by_step(claims: Sequence[Claim]) -> list[list[Claim]]:
    """Only runs that are at the same step can be trained together."""
    ordered = sorted(claims, key=lambda claim: claim.run.step)
    return [list(group) for _, group in groupby(ordered, key=lambda claim: claim.run.step)]


def _train(database: Database, claims: list[Claim], listener: Listener, unfinished: dict[str, Run]) -> None:
    """Train runs that are at the same step, and take them out of `unfinished`."""
    checkpoints = [patiently(lambda run=claim.run: find_checkpoint(database, run.id), listener) for claim in claims]
    resumes = [c and load_state(claim.run.config, c.state) for claim, c in zip(claims, checkpoints, strict=True)]
    for claim in claims:
        listener.started(claim.run, resumed=claim.outcome is ClaimOutcome.RESUMED)
    with Heartbeat(database, [claim.run for claim in claims]) as heartbeat:
        listeners = [listener, *(None for _ in claims[1:])]
        recorders = [
            StoreRecorder(database, claim.run, each, heartbeat.require_owned)
            for claim, each in zip(claims, listeners, strict=True)
        ]
        try:
            outcomes = _recorded(claims, recorders, resumes)
            for claim, outcome in zip(claims, outcomes, strict=True):
                heartbeat.finished(claim.run)
                patiently(lambda run=claim.run, outcome=outcome: _finish(database, run, outcome), listener)
                del unfinished[claim.run.id]
                logger.info("Run %s trained for %.2f s.", claim.run.short_id, outcome.seconds)
        except StoreError as error:
            raise kept_beside(database, [each for each in recorders if each.run.id in unfinished], error) from error


def _recorded(
    claims: list[Claim], recorders: list[StoreRecorder], resumes: list[TrainingState | None]
) -> list[Outcome]:
    try:
        outcomes = train_together([claim.run.config for claim in claims], recorders, resumes)
    except BaseException:
        # The first error is the one to show, also where the database itself is what failed.
        with contextlib.suppress(IclError):
            for recorder in recorders:
                recorder.keep()
        raise
    for recorder in recorders:
        recorder.keep_all()
    return outcomes


def _finish(database: Database, run: Run, outcome: Outcome) -> None:
    finish_run(
        database,
        run.id,
        owner=current_owner(),
        status=RunStatus.FINISHED if outcome.diverged_step is None else RunStatus.DIVERGED,
        step=int(outcome.state.step),
        diverged_step=outcome.diverged_step,
        error=outcome.problem,
        training_seconds=run.training_seconds + outcome.seconds,
        summaries=_summaries(run.config, outcome),
    )


def _summaries(config: RunConfig, outcome: Outcome) -> list[Summary]:
    """The final loss and, where label noise bounds it from below, the lowest possible one."""
    loss = Summary("held_out_loss", outcome.held_out_loss, outcome.held_out_loss_standard_error)
    return [loss, *([] if outcome.diverged_step is not None else bayes_loss(config))]


def _release(database: Database, run: Run, error: BaseException) -> None:
    """Give a run up: interrupted by a signal or because a sibling is taken, or failed."""
    interrupted = isinstance(error, KeyboardInterrupt | SystemExit | BusyError)
    status = RunStatus.INTERRUPTED if interrupted else RunStatus.FAILED
    told = None if interrupted else f"{type(error).__name__}: {error}"
    # The first error is the one to show, also where the database itself is what failed.
    with contextlib.suppress(IclError):
        release_run(database, run.id, owner=current_owner(), status=status, error=told)
