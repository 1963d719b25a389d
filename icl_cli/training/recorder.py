"""What training tells the outside world, and to whom: a protocol, so that training never knows the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from icl_cli.training.state import TrainingState


@dataclass(frozen=True)
class Report:
    """A run at one of its recording steps.

    `metrics` are named numbers that belong to `step`; `state` suffices to go on from here; `keep_weights` asks for a
    snapshot that lasts; `seconds` is the time spent training since this process took the run up.
    """

    step: int
    metrics: Mapping[str, float]
    state: TrainingState
    keep_weights: bool
    seconds: float


class Recorder(Protocol):
    """Receives reports in the order of their steps, and news of progress in between."""

    def record(self, report: Report) -> None:
        """Take a report. One with weights is safe once this returns, others soon: see the recorder."""
        ...

    def progress(self, step: int, loss: float) -> None:
        """The latest step and its training loss, several times a second at most; may be ignored."""
        ...
