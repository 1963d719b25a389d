"""What a baseline is: a known algorithm, how its parameters are tuned, and what the tuned values depend on.

A baseline's learner maps (context, query) to a prediction, like a transformer; analyses cannot tell them apart.
Its parameters are tuned on tasks drawn for nothing else, so a comparison never favours it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from jaxtyping import Array, Float

from icl_cli.config import RunConfig, TaskConfig, as_first_released
from icl_cli.tasks import Context

Parameters = Mapping[str, list[float]]

# Among tuned parameters: there is a 1 under this name if the search ended at the last number that it tried.
AT_BOUND = "at_bound"


def marked(parameters: Parameters, at_bound: bool) -> Parameters:
    """The parameters with the mark `AT_BOUND`, if they have earned it."""
    return {**parameters, AT_BOUND: [1.0]} if at_bound else parameters


class Learner(Protocol):
    """Anything that learns from a context: a transformer, a construction, an ordinary algorithm."""

    def __call__(self, context: Context, query: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        """The prediction for `query`."""
        ...


@dataclass(frozen=True)
class Problem:
    """What a baseline is tuned for: the task, how many steps it may take and the token clip."""

    task: TaskConfig
    steps: int
    token_clip: float | None
    tuning_tasks: int = 10_000
    tuning_seed: int = 0

    @classmethod
    def of_run(cls, config: RunConfig) -> "Problem":
        """The problem that a run's model solves, with one step for each of its layers.

        The first layer of a model of interleaved tokens is taken up by copying (section 4) and counts no step, unless
        it is the only one.
        """
        # A fixed training set limits the model alone: baselines are tuned on the task's whole distribution.
        task = config.task.model_copy(update={"dataset_size": None})
        copying = config.model.tokens == "interleaved"
        return cls(task, max(1, config.model.layers - copying), config.model.token_clip)


def all_moments(_problem: Problem) -> float:
    """The tail index of a loss all of whose moments exist, as of any polynomial in bounded inputs: infinite."""
    return math.inf


@dataclass(frozen=True)
class ParameterSymbol:
    """How a tuned parameter is written; `over_context` for one that people read divided by the context length N."""

    symbol: str
    over_context: bool = False


@dataclass(frozen=True)
class Baseline:
    """An entry of the registry.

    `tune` finds the parameters of a problem, `learner` makes the algorithm from them. `iterative` says whether steps
    and token clip matter to it. `symbols` says how tuned parameters are written, in this order; a parameter without a
    symbol is called by its name. `loss_tail_index` says of which orders moments of its loss over tasks exist: of those
    below it. `procedure` counts the ways in which parameters were tuned in the course of releases:
    it is part of what they depend on, so that a database with older ones has them tuned anew.
    """

    name: str
    summary: str
    tune: Callable[[Problem], Parameters]
    learner: Callable[[Problem, Parameters], Learner]
    iterative: bool
    symbols: Mapping[str, ParameterSymbol] = field(default_factory=dict)
    loss_tail_index: Callable[[Problem], float] = all_moments
    procedure: int = 1

    def depends_on(self, problem: Problem) -> dict[str, Any]:
        """Everything that the tuned parameters depend on, as JSON values: the key under which they are cached."""
        tuned_for = {
            "task": as_first_released("task", problem.task.model_dump(mode="json")),
            "tuning_tasks": problem.tuning_tasks,
            "tuning_seed": problem.tuning_seed,
        }
        if self.iterative:
            tuned_for |= {"steps": problem.steps, "token_clip": problem.token_clip}
        # The first procedure had no number.
        return tuned_for | ({"procedure": self.procedure} if self.procedure > 1 else {})
