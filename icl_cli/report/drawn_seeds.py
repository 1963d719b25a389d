"""Which seeds of each configuration are behind what is drawn: a family may have been measured in some of its seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas

from icl_cli.report.data import Family
from icl_cli.report.formatting import enumeration
from icl_cli.report.seeds import SeedsBehind, seeds_behind


@dataclass(frozen=True)
class DrawnSeeds:
    """The seeds `behind` the numbers of one configuration, called `label`, and those of its runs that `finished`."""

    label: str
    finished: tuple[int, ...]
    behind: SeedsBehind

    @property
    def number(self) -> str:
        """`3`, `2 of 3` where a seed has no numbers, `1 to 2 of 3` where points rest on different ones."""
        fewest, most, finished = self.behind.fewest, self.behind.most, len(self.finished)
        counted = str(most) if fewest == most else f"{fewest} to {most}"
        return counted if most == finished else f"{counted} of {finished}"

    @property
    def absent(self) -> list[int]:
        """The seeds without any number."""
        return [seed for seed in self.finished if seed not in self.behind.seeds]


def drawn_seeds(label: str, family: Family, numbers: pandas.DataFrame) -> DrawnSeeds:
    """Of one family, whose numbers alone are given."""
    return DrawnSeeds(label, tuple(run.seed for run in family.finished), seeds_behind(numbers))


def mean_seeds(label: str, family: Family, means: pandas.DataFrame) -> DrawnSeeds:
    """The same of numbers that are means alone, and whose column `seeds` says of how many."""
    finished = tuple(run.seed for run in family.finished)
    most = int(means["seeds"].to_numpy(int).max())
    return DrawnSeeds(label, finished, SeedsBehind(most, most, finished))


def only_seed(drawn: Sequence[DrawnSeeds]) -> int | None:
    """The seed that everything is of, None where there are several."""
    seeds = {seed for one in drawn for seed in one.behind.seeds}
    return seeds.pop() if len(seeds) == 1 else None


def left_out(drawn: Sequence[DrawnSeeds]) -> list[str]:
    """Sentences on the seeds that finished and are missing from the numbers, or from some of them."""
    absent = seeds_named({one.label: one.absent for one in drawn})
    partial = seeds_named({one.label: list(one.behind.partial) for one in drawn})
    return [
        *([f"Left out, without numbers: {enumeration(absent)}."] if absent else []),
        *([f"In some of the numbers only: {enumeration(partial)}."] if partial else []),
    ]


def seeds_named(seeds: Mapping[str, Sequence[int]]) -> list[str]:
    """`seed 2`, or `seeds 1 and 2 of looped` where there are several labels; none for a label without seeds."""
    return [
        f"{'seed' if len(own) == 1 else 'seeds'} {enumeration([str(seed) for seed in own])}"
        + (f" of {label}" if len(seeds) > 1 else "")
        for label, own in seeds.items()
        if own
    ]
