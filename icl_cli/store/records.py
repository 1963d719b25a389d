"""What leaves the store: plain frozen records, never rows of a database.

Times are timezone-aware UTC datetimes, durations are seconds, ids are 64 hexadecimal digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from icl_cli.config import RunConfig

SHORT_ID_DIGITS = 8


class RunStatus(StrEnum):
    """Where a run stands. A planned one waits for its first attempt; a diverged one is a result, not an error."""

    PLANNED = "planned"
    RUNNING = "running"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    DIVERGED = "diverged"
    FAILED = "failed"

    @property
    def has_ended(self) -> bool:
        """Whether training it again would change nothing: it finished or diverged."""
        return self in (RunStatus.FINISHED, RunStatus.DIVERGED)


@dataclass(frozen=True, slots=True)
class Run:
    """One training run.

    `step` is the last recorded step, `attempt` counts claims from 1 (0: planned), and `fruitless_attempts` those since
    the last recorded step, the present one included. `started_at` is the start of the last attempt (of a planned run:
    when it was planned), `finished_at` the end of a finished, diverged or failed one. `training_seconds` sums over all
    attempts. `owner` (see `ownership`) and `lease_expires_at` are there only while a process trains the run.
    `provenance` describes the last attempt. `note` is what a person wrote beside it; names and notes change no number.
    """

    id: str
    family: str
    name: str
    config: RunConfig
    status: RunStatus
    step: int
    diverged_step: int | None
    error: str | None
    owner: str | None
    lease_expires_at: datetime | None
    attempt: int
    fruitless_attempts: int
    created_at: datetime
    started_at: datetime
    finished_at: datetime | None
    training_seconds: float
    provenance: Mapping[str, str]
    note: str | None

    @property
    def short_id(self) -> str:
        """The first 8 digits of the id, as people read it."""
        return self.id[:SHORT_ID_DIGITS]

    @property
    def seed(self) -> int:
        """The seed of the configuration; runs of one family differ in nothing else."""
        return self.config.seed


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a time series; `value` may be NaN or infinite."""

    step: int
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One number that describes a whole run; it may be NaN or infinite, and so may its standard error."""

    name: str
    value: float
    standard_error: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Stored weights of one step; `sha256` was checked against `weights` when it was read."""

    run_id: str
    step: int
    weights: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The latest state from which a run goes on; `sha256` was checked against `state` when it was read."""

    run_id: str
    step: int
    state: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class TunedBaseline:
    """A baseline with its tuned parameters.

    `depends_on` is everything that decides them (JSON content); name and `depends_on` decide `id`.
    """

    id: str
    name: str
    depends_on: Mapping[str, Any]
    parameters: Mapping[str, list[float]]
    loss: float
    standard_error: float
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure ("cosine", "model_loss", ...) of a run's model at one step against one stored baseline.

    `value` is a mean over `tasks` held-out tasks, `standard_error` that of the mean; both may be NaN or infinite.
    """

    run_id: str
    step: int
    baseline_id: str
    measure: str
    value: float
    standard_error: float | None
    tasks: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a curve of `kind` ("ood-inputs", "roll-out", "interpolation", ...) for one learner.

    `learner` is "model", a baseline's id or name, "interpolated", ...; `x` must not be NaN.
    """

    run_id: str
    step: int
    kind: str
    learner: str
    x: float
    value: float
    standard_error: float | None
