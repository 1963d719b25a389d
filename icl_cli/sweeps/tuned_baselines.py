"""Baselines with tuned parameters, found once and kept in the database."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from icl_cli.analysis import held_out_loss
from icl_cli.baselines import Baseline, Learner, Problem, get_baseline
from icl_cli.baselines.spectral import tuning_episodes
from icl_cli.constructions import gd_plus_plus_transformer
from icl_cli.models import Transformer
from icl_cli.store import Database, TunedBaseline, baseline_identity, find_baseline, store_baseline

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tuned:
    """A baseline ready to use: its record in the database and its learner."""

    record: TunedBaseline
    problem: Problem
    learner: Learner

    @property
    def context_length(self) -> int:
        """N, by which η is divided."""
        return self.problem.task.context_length

    @property
    def rates(self) -> tuple[list[float], list[float]] | None:
        """(η_k, γ_k) of every step, or None for an algorithm that has none."""
        if "learning_rates" not in self.record.parameters:
            return None
        learning = self.record.parameters["learning_rates"]
        curvature = self.record.parameters.get("curvature_rates", [0.0])
        return _every_step(learning, self.problem.steps), _every_step(curvature, self.problem.steps)

    def construction(self) -> Transformer | None:
        """Attention weights that carry out this algorithm (Proposition 1, Appendix A.10), or None if there are none."""
        if self.rates is None:
            return None
        task = self.problem.task
        return gd_plus_plus_transformer(*self.rates, task.input_size, task.output_size, task.context_length)


def tuned_baseline(database: Database, name: str, problem: Problem, tell: Callable[[str], None]) -> Tuned:
    """The baseline `name` for `problem`, tuned now unless the database has it. Raises `UsageError` for other names.

    `tell` hears when tuning, which may take a minute for deep models, begins.
    """
    baseline = get_baseline(name)
    record = find_baseline(database, name, baseline.depends_on(problem))
    if record is None:
        tell(f"tuning {name}")
        record = _tune(database, baseline, problem)
    else:
        logger.info("%s: tuned before, its parameters are reused.", name)
    return Tuned(record, problem, baseline.learner(problem, record.parameters))


def _tune(database: Database, baseline: Baseline, problem: Problem) -> TunedBaseline:
    depends_on = baseline.depends_on(problem)
    parameters = baseline.tune(problem)
    estimate = held_out_loss(baseline.learner(problem, parameters), tuning_episodes(problem), "squared-error")
    record = TunedBaseline(
        id=baseline_identity(baseline.name, depends_on),
        name=baseline.name,
        depends_on=depends_on,
        parameters=parameters,
        loss=estimate.value,
        standard_error=estimate.standard_error,
        created_at=datetime.now(UTC),
    )
    store_baseline(database, record)
    return record


def _every_step(values: Sequence[float], steps: int) -> list[float]:
    return list(values) * steps if len(values) == 1 else list(values)
