"""Numbers of several seeds, and what they have in common.

All seeds of a family are evaluated on the same held-out tasks. Their spread therefore says how much training varies,
and the Monte-Carlo standard error, how far all of them together may be off; averaging over seeds does not lower it.
"""

from dataclasses import dataclass

import numpy as np
import pandas

SPREAD = ["value", "lowest", "highest", "deviation", "standard_error", "seeds"]


def over_seeds(points: pandas.DataFrame, by: list[str]) -> pandas.DataFrame:
    """One row for each combination of the columns `by`.

    **Arguments**: `points` has the columns `by`, `seed`, `value` and `standard_error`.
    **Returns** `by`, then the mean `value` over seeds, their `lowest` and `highest`, their standard `deviation` (NaN
    for one seed), the Monte-Carlo `standard_error` of one seed, and how many `seeds` there are. A mean is over all
    seeds or, where one of them is not finite, NaN.
    """
    finite = points.assign(value=points["value"].where(np.isfinite(points["value"].to_numpy(float))))
    groups = finite.groupby(by, sort=False)
    values = groups["value"]
    table = pandas.DataFrame(
        {
            "value": values.mean(),
            "lowest": values.min(),
            "highest": values.max(),
            "deviation": values.std(),
            "standard_error": groups["standard_error"].mean(),
            "seeds": values.size(),
        }
    )
    incomplete = values.count() < values.size()
    table.loc[incomplete, ["value", "lowest", "highest", "deviation", "standard_error"]] = np.nan
    return table.reset_index()


def with_mean(points: pandas.DataFrame, by: list[str]) -> pandas.DataFrame:
    """`points` followed by their means over seeds, in which `seed` is missing.

    A point without a seed, as baselines have, is its own mean and stands there alone.
    """
    columns = [*by, "seed", *SPREAD]
    single = points.assign(seed=points["seed"].astype("Int64"), seeds=1).dropna(subset=["seed"])
    means = over_seeds(points, by)
    means["seed"] = pandas.array([pandas.NA] * len(means), dtype="Int64")
    return pandas.concat([single.reindex(columns=columns), means.reindex(columns=columns)], ignore_index=True)


@dataclass(frozen=True)
class SeedsBehind:
    """The seeds behind points: of any point `fewest` to `most`; those of every point are `whole`, others `partial`."""

    fewest: int = 0
    most: int = 0
    whole: tuple[int, ...] = ()
    partial: tuple[int, ...] = ()

    @property
    def seeds(self) -> list[int]:
        """Those of any point."""
        return sorted(self.whole + self.partial)


def seeds_behind(numbers: pandas.DataFrame) -> SeedsBehind:
    """The seeds that the means of `numbers` rest on: its rows with a `seed`, by whatever else sets them apart."""
    single = numbers.loc[numbers["seed"].notna()]
    if single.empty:
        return SeedsBehind()
    place = [name for name in single if name not in ("seed", *SPREAD)]
    points = [set(own["seed"].to_numpy(int).tolist()) for _, own in single.groupby(place, dropna=False)]
    whole, every = set.intersection(*points), set.union(*points)
    counts = [len(seeds) for seeds in points]
    return SeedsBehind(min(counts), max(counts), tuple(sorted(whole)), tuple(sorted(every - whole)))
