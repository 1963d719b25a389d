"""The loss that a model in training is to reach: that of the best of its baselines that the database has tuned."""

from dataclasses import dataclass

from icl_cli.baselines import Problem, get_baseline
from icl_cli.config import RunConfig
from icl_cli.store import Database, find_baseline
from icl_cli.sweeps.comparison import default_baselines
from icl_cli.training.loss import LOSS_FACTORS


@dataclass(frozen=True)
class Target:
    """A baseline by its name and its loss on tuning tasks, in the convention of the run."""

    name: str
    loss: float


def tuned_target(database: Database, config: RunConfig) -> Target | None:
    """The lowest loss among the tuned baselines that the run is compared with by default, None without any.

    Nothing is tuned for it.
    """
    problem = Problem.of_run(config)
    found = [
        find_baseline(database, name, get_baseline(name).depends_on(problem)) for name in default_baselines(config)
    ]
    factor = LOSS_FACTORS[config.training.loss]
    targets = [Target(one.name, one.loss * factor) for one in found if one is not None]
    return min(targets, key=lambda target: target.loss, default=None)
