"""The lowest loss that any learner can have on noisy tasks, measured on the tasks on which a run is evaluated."""

import math

from icl_cli.analysis import held_out_loss
from icl_cli.baselines import bayes_learner
from icl_cli.config import RunConfig
from icl_cli.store import Database, Run, Summary, get_summaries, store_summaries
from icl_cli.sweeps.stored_models import shared_held_out

BAYES_LOSS = "bayes_loss"


def bayes_loss(config: RunConfig) -> list[Summary]:
    """The loss of the posterior mean on the held-out tasks of `config`, with its standard error.

    Empty without label noise, where the losses of good learners have no floor to be read against, and for tasks whose
    posterior has no formula here.
    """
    if config.task.kind != "linear" or config.task.label_noise == 0:
        return []
    estimate = held_out_loss(bayes_learner(config.task), shared_held_out(config), config.training.loss)
    return [Summary(BAYES_LOSS, estimate.value, estimate.standard_error)] if math.isfinite(estimate.value) else []


def keep_bayes_loss(database: Database, run: Run) -> None:
    """Measure and store it for a run that has none, as one that an older release trained."""
    if any(summary.name == BAYES_LOSS for summary in get_summaries(database, run.id)):
        return
    if found := bayes_loss(run.config):
        store_summaries(database, run.id, found)
