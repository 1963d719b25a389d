"""Timing side by side: implementations take turns in one process, so that a slow moment of the machine falls on all."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median

# Does its work so many times and returns when the results are computed.
Action = Callable[[int], object]

# JAX compiles a second time for arguments that live where the first call has put them.
WARMING_CALLS = 2


@dataclass(frozen=True)
class Effort:
    """How much to measure: `rounds` of at least `seconds` each; `quick` asks for tiny sizes too, to see that all runs.

    `quick` numbers mean nothing.
    """

    rounds: int
    seconds: float
    quick: bool = False


FULL = Effort(rounds=7, seconds=0.3)
QUICK = Effort(rounds=2, seconds=0.01, quick=True)


@dataclass(frozen=True)
class Sample:
    """What the rounds of one implementation say, a number a round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.rounds)

    @property
    def minimum(self) -> float:
        """The least disturbed round."""
        return min(self.rounds)

    @property
    def spread(self) -> float:
        """From the smallest to the largest round, as a fraction of the median."""
        return (max(self.rounds) - min(self.rounds)) / self.median

    def times(self, factor: float) -> "Sample":
        """The same in another unit."""
        return Sample(tuple(factor * value for value in self.rounds))


def side_by_side(actions: Mapping[str, Action], effort: Effort) -> dict[str, Sample]:
    """Seconds for doing each of `actions` once: compiled first, then in turns as long as `effort` asks."""
    counts = {name: _count(action, effort.seconds) for name, action in actions.items()}
    taken = in_turns({name: partial(action, counts[name]) for name, action in actions.items()}, effort.rounds)
    return {name: sample.times(1 / counts[name]) for name, sample in taken.items()}


def in_turns(actions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Sample]:
    """Seconds of calling each of `actions`, all of them once a round; nothing is called before."""
    taken = [{name: seconds(action) for name, action in actions.items()} for _ in range(rounds)]
    return {name: Sample(tuple(each[name] for each in taken)) for name in actions}


def seconds(action: Callable[[], object]) -> float:
    """How long `action` takes."""
    before = time.perf_counter()
    action()
    return time.perf_counter() - before


def _count(action: Action, enough: float) -> int:
    """How many times `action` must do its work to take `enough` seconds; warms it up."""
    for _ in range(WARMING_CALLS):
        action(1)
    count = 1
    while (taken := seconds(partial(action, count))) < enough:
        # A little more than seems needed, and never many times more than was tried, for short calls mislead.
        count = min(8 * count, int(1.1 * count * enough / taken) + 1)
    return count
