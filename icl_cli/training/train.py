"""One run from its first, or its last recorded, step to the end or to divergence."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean

import jax.numpy as jnp
import numpy as np

from icl_cli.config import RunConfig
from icl_cli.tasks import held_out_columns
from icl_cli.training.loop import LONGEST_CALL, compiled_loop
from icl_cli.training.loss import mean_loss
from icl_cli.training.recorder import Recorder, Report
from icl_cli.training.schedule import recording_steps
from icl_cli.training.state import TrainingState, initial_state

# A call into the compiled loop lasts about this long, so that progress is shown and signals are heeded.
SECONDS_PER_CALL = 0.5
FIRST_CALL = 8


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `diverged_step` is the first step whose loss was not finite, or None."""

    state: TrainingState
    diverged_step: int | None
    seconds: float
    held_out_loss: float
    held_out_loss_standard_error: float


def train(config: RunConfig, recorder: Recorder, resume: TrainingState | None = None) -> Outcome:
    """Train `config`, reporting to `recorder` at the steps of its schedule.

    **Arguments**: `resume` is the state of the last report of an earlier process; the weights end bit-identical to
    those of a run that was never interrupted.
    """
    return _Training(config, recorder).run(resume)


class _Training:
    def __init__(self, config: RunConfig, recorder: Recorder):
        self.config = config
        self.recorder = recorder
        self.held_out = held_out_columns(config)
        self.advance = compiled_loop(config)
        self.snapshots = set(recording_steps(config.training.steps, config.evaluation.snapshots))
        self.call_length = FIRST_CALL
        self.started = time.monotonic()

    def run(self, resume: TrainingState | None) -> Outcome:
        state = initial_state(self.config) if resume is None else resume
        if resume is None:
            self._report(state, {})
        for stop in self._stops(int(state.step)):
            state, losses, norms = self._advance_to(state, stop)
            if not math.isfinite(losses[-1]):
                return self._diverged(state, losses[-1])
            self._report(state, {"training_loss": fmean(losses), "gradient_norm": fmean(norms)})
        loss, error = self._evaluate(state)
        return Outcome(state, None, self._seconds(), loss, error)

    def _stops(self, step: int) -> Iterator[int]:
        training, evaluation = self.config.training, self.config.evaluation
        stops = self.snapshots | set(recording_steps(training.steps, evaluation.points))
        return iter(sorted(stop for stop in stops if stop > step))

    def _advance_to(self, state: TrainingState, stop: int) -> tuple[TrainingState, list[float], list[float]]:
        """Steps up to `stop`, or until a loss is not finite; their losses and gradient norms."""
        losses: list[float] = []
        norms: list[float] = []
        step = int(state.step)
        while step < stop:
            count = min(stop - step, self.call_length)
            before = time.monotonic()
            state, metrics = self.advance(state, jnp.uint32(self.config.seed), jnp.int32(count))
            taken = int(state.step) - step
            step += taken
            finite = taken == count
            losses += np.asarray(metrics.losses[: taken + (not finite)], np.float64).tolist()
            norms += np.asarray(metrics.gradient_norms[: taken + (not finite)], np.float64).tolist()
            if not finite:
                break
            self._adapt_call_length(count, time.monotonic() - before)
            self.recorder.progress(step, losses[-1])
        return state, losses, norms

    def _adapt_call_length(self, count: int, seconds: float) -> None:
        affordable = int(count * SECONDS_PER_CALL / max(seconds, 1e-6))
        self.call_length = max(1, min(LONGEST_CALL, affordable, 2 * self.call_length))

    def _evaluate(self, state: TrainingState) -> tuple[float, float]:
        loss, error = mean_loss(state.model, self.held_out, self.config.training.loss)
        return float(loss), float(error)

    def _report(self, state: TrainingState, metrics: dict[str, float]) -> None:
        loss, error = self._evaluate(state)
        held_out = {"held_out_loss": loss, "held_out_loss_standard_error": error}
        step = int(state.step)
        self.recorder.record(Report(step, metrics | held_out, state, step in self.snapshots, self._seconds()))

    def _diverged(self, state: TrainingState, loss: float) -> Outcome:
        step = int(state.step)
        self.recorder.record(Report(step, {"training_loss": loss}, state, True, self._seconds()))
        return Outcome(state, step, self._seconds(), math.nan, math.nan)

    def _seconds(self) -> float:
        return time.monotonic() - self.started
