"""A stored run as analyses need it: its models, its held-out tasks, its time series and tuned baselines."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import jax

from icl_cli.analysis import Estimate
from icl_cli.baselines import Problem
from icl_cli.config import RunConfig
from icl_cli.models import Transformer
from icl_cli.store import CurvePoint, Database, Metric, Run, get_metrics, list_snapshot_steps
from icl_cli.sweeps.stored_models import load_model, shared_held_out
from icl_cli.sweeps.telling import Tell
from icl_cli.sweeps.tuned_baselines import Tuned, tuned_baseline
from icl_cli.tasks import Episode


@dataclass(frozen=True)
class AnalysedRun:
    """A finished run under analysis. `tell` hears, in a few words, when something takes long."""

    database: Database
    run: Run
    tell: Tell

    @property
    def config(self) -> RunConfig:
        """The run's configuration."""
        return self.run.config

    @cached_property
    def steps(self) -> list[int]:
        """The training steps whose weights are stored, in order."""
        return list_snapshot_steps(self.database, self.run.id)

    @cached_property
    def model(self) -> Transformer:
        """The model at the last of them."""
        return self.model_at(self.steps[-1])

    def model_at(self, step: int) -> Transformer:
        """The model at one of `steps`."""
        return load_model(self.database, self.run, step)

    @property
    def episodes(self) -> Episode:
        """The held-out tasks, a batch along the leading axis."""
        return shared_held_out(self.config)

    def first_episodes(self, count: int) -> Episode:
        """The first `count` of them, for what is costly."""
        return jax.tree.map(lambda leaf: leaf[:count], self.episodes)

    def metrics(self, name: str) -> list[Metric]:
        """A time series of the training."""
        return get_metrics(self.database, self.run.id, [name])

    def tuned(self, name: str) -> Tuned:
        """A baseline, tuned now unless the database has it."""
        return tuned_baseline(self.database, name, Problem.of_run(self.config), self.tell)

    def scalar(self, kind: str, learner: str, value: float, standard_error: float | None = None) -> CurvePoint:
        """One number of the last stored step."""
        return CurvePoint(self.run.id, self.steps[-1], kind, learner, 0.0, value, standard_error)

    def curve(
        self, kind: str, learner: str, positions: Sequence[float], values: Sequence[Estimate]
    ) -> list[CurvePoint]:
        """A curve of the last stored step."""
        pairs = zip(positions, values, strict=True)
        return [CurvePoint(self.run.id, self.steps[-1], kind, learner, float(x), *estimate) for x, estimate in pairs]
