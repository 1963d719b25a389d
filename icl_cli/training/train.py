"""Runs from their first, or last recorded, step to the end or to divergence: one, or several seeds as one program."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import jax.numpy as jnp
import numpy as np

from icl_cli.config import RunConfig
from icl_cli.numerics import fixed_numerics
from icl_cli.training.devices import training_devices
from icl_cli.training.evaluation import held_out_evaluation
from icl_cli.training.loop import LONGEST_CALL, advance_together
from icl_cli.training.recorder import Recorder, Report
from icl_cli.training.schedule import recording_steps
from icl_cli.training.state import TrainingState, initial_state, is_finite

# A call into the compiled loop lasts about this long, so that progress is shown and signals are heeded.
SECONDS_PER_CALL = 0.5
FIRST_CALL = 8
# A model that ends with a held-out loss so many times that of its initial weights has not learned badly: it blew up.
BLOWN_UP = 1000.0


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `diverged_step` is the step at which it diverged and `problem` says how; None if it did not."""

    state: TrainingState
    diverged_step: int | None
    seconds: float
    held_out_loss: float
    held_out_loss_standard_error: float
    problem: str | None = None


@dataclass
class _Run:
    """One seed on its way: where it is, and what its steps since the last report were like."""

    config: RunConfig
    recorder: Recorder
    state: TrainingState
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    outcome: Outcome | None = None

    @property
    def step(self) -> int:
        return int(self.state.step)


def train(config: RunConfig, recorder: Recorder, resume: TrainingState | None = None) -> Outcome:
    """Train `config`, reporting to `recorder` at the steps of its schedule.

    **Arguments**: `resume` is the state of the last report of an earlier process; the weights end bit-identical to
    those of a run that was never interrupted.
    """
    return train_together([config], [recorder], [resume])[0]


@fixed_numerics()
def train_together(
    configs: Sequence[RunConfig], recorders: Sequence[Recorder], resumes: Sequence[TrainingState | None]
) -> list[Outcome]:
    """Train configurations that differ in the seed alone as one program, from the same step on.

    Each has its own recorder. On accelerators, which one small model leaves idle, this takes hardly longer than one of
    them; a CPU is busy with one. Roundings, and so the last bits of the weights, can depend on how many train together.
    """
    states = [initial_state(c) if resume is None else resume for c, resume in zip(configs, resumes, strict=True)]
    runs = [_Run(*each) for each in zip(configs, recorders, states, strict=True)]
    if len({config.family for config in configs}) != 1 or len({run.step for run in runs}) != 1:
        raise ValueError("runs that train together differ in the seed alone and start at the same step")
    return _Training(runs).train([run for run, resume in zip(runs, resumes, strict=True) if resume is None])


class _Training:
    def __init__(self, runs: list[_Run]):
        config = runs[0].config
        self.runs = runs
        self.config = config
        self.evaluate = held_out_evaluation(config, training_devices())
        self.advance = advance_together(config, len(runs))
        self.snapshots = set(recording_steps(config.training.steps, config.evaluation.snapshots))
        self.call_length = FIRST_CALL
        self.started = time.monotonic()

    @property
    def active(self) -> list[_Run]:
        return [run for run in self.runs if run.outcome is None]

    def train(self, new: list[_Run]) -> list[Outcome]:
        step = self.runs[0].step
        for run in new:
            self._report(run, {})
        for stop in self._stops(step):
            self._advance_by(stop - step)
            step = stop
            for run in self.active:
                self._report(run, {"training_loss": fmean(run.losses), "gradient_norm": fmean(run.norms)})
            if not self.active:
                break
        for run in self.active:
            run.outcome = self._outcome(run)
        return [run.outcome for run in self.runs if run.outcome is not None]

    def _stops(self, step: int) -> Iterator[int]:
        training, evaluation = self.config.training, self.config.evaluation
        stops = self.snapshots | set(recording_steps(training.steps, evaluation.points))
        return iter(sorted(stop for stop in stops if stop > step))

    def _advance_by(self, steps: int) -> None:
        """So many steps of every run; those whose loss stops being finite on the way end there."""
        for run in self.runs:
            run.losses, run.norms = [], []
        while steps > 0 and self.active:
            count = min(steps, self.call_length)
            before = time.monotonic()
            self._call(count)
            steps -= count
            self._adapt_call_length(count, time.monotonic() - before)
            for run in self.active:
                run.recorder.progress(run.step, run.losses[-1])

    def _call(self, count: int) -> None:
        seeds = [run.config.seed for run in self.runs]
        results = self.advance([run.state for run in self.runs], jnp.asarray(seeds, jnp.uint32), jnp.int32(count))
        for run, (state, metrics) in zip(self.runs, results, strict=True):
            taken = int(state.step) - run.step
            if run.outcome is not None:
                continue
            run.state = state
            seen = min(taken + 1, count)
            # Cut in NumPy: JAX would compile, and keep, a program for every length.
            run.losses += np.asarray(metrics.losses, np.float64)[:seen].tolist()
            run.norms += np.asarray(metrics.gradient_norms, np.float64)[:seen].tolist()
            if taken < count:
                self._stopped(run)

    def _adapt_call_length(self, count: int, seconds: float) -> None:
        affordable = int(count * SECONDS_PER_CALL / max(seconds, 1e-6))
        self.call_length = max(1, min(LONGEST_CALL, affordable, 2 * self.call_length))

    def _evaluate(self, state: TrainingState) -> tuple[float, float]:
        loss, error = self.evaluate(state.model)
        return float(loss), float(error)

    def _report(self, run: _Run, metrics: dict[str, float]) -> None:
        loss, error = self._evaluate(run.state)
        held_out = {"held_out_loss": loss, "held_out_loss_standard_error": error}
        keep = run.step in self.snapshots
        run.recorder.record(Report(run.step, metrics | held_out, run.state, keep, self._seconds()))

    def _stopped(self, run: _Run) -> None:
        """Record a run whose loss or gradient norm has stopped being finite, and end it there."""
        loss, norm = run.losses[-1], run.norms[-1]
        metrics = {"training_loss": loss, "gradient_norm": norm}
        run.recorder.record(Report(run.step, metrics, run.state, True, self._seconds()))
        what = "gradient norm" if math.isfinite(loss) else "loss"
        problem = f"{what} not finite at step {run.step}"
        run.outcome = Outcome(run.state, run.step, self._seconds(), math.nan, math.nan, problem)

    def _outcome(self, run: _Run) -> Outcome:
        """How a run that took all its steps ended, judged by the weights that are stored."""
        loss, error = self._evaluate(run.state)
        problem = self._problem(run, loss)
        diverged_step = None if problem is None else run.step
        return Outcome(run.state, diverged_step, self._seconds(), loss, error, problem)

    def _problem(self, run: _Run, loss: float) -> str | None:
        if not is_finite(run.state):
            return f"weights not finite after step {run.step}"
        if not math.isfinite(loss):
            return f"held-out loss not finite after step {run.step}"
        first, _ = self._evaluate(initial_state(run.config))
        if loss > BLOWN_UP * first:
            return f"held-out loss blew up: {loss:.2g} after step {run.step}, {first:.2g} before training"
        return None

    def _seconds(self) -> float:
        return time.monotonic() - self.started
