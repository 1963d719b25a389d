"""Baselines with tuned parameters, found once and kept in the database."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from icl_cli.analysis import population_loss
from icl_cli.baselines import AT_BOUND, Baseline, Learner, Problem, get_baseline
from icl_cli.baselines.search import NARROWEST, WIDEST
from icl_cli.models import Transformer
from icl_cli.store import Database, TunedBaseline, baseline_identity, find_baseline, store_baseline
from icl_cli.sweeps.pairings import CONSTRUCTIONS

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
    def loss_tail_index(self) -> float:
        """Moments of its loss over tasks exist below this order, by theory."""
        return get_baseline(self.record.name).loss_tail_index(self.problem)

    def construction(self) -> Transformer | None:
        """Attention weights that carry out this algorithm, or None for one that `CONSTRUCTIONS` does not list."""
        build = CONSTRUCTIONS.get(self.record.name)
        return None if build is None else build(self.problem, self.record.parameters)


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
    if AT_BOUND in record.parameters:
        logger.warning(
            "%s: its best parameter lies beyond %g or %g, where the search ends; the loss hardly depends on it.",
            name,
            NARROWEST,
            WIDEST,
        )
    return Tuned(record, problem, baseline.learner(problem, record.parameters))


def _tune(database: Database, baseline: Baseline, problem: Problem) -> TunedBaseline:
    depends_on = baseline.depends_on(problem)
    parameters = baseline.tune(problem)
    amplifies = baseline.iterative and problem.steps > 1
    estimate = population_loss(baseline.learner(problem, parameters), problem, with_rare=amplifies)
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
