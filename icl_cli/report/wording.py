"""Phrases that captions share, so that every caption states its numbers, seeds and errors in the same way."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas

from icl_cli.report.data import Family
from icl_cli.report.formatting import count, enumeration, measured, number
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.learners import in_order, learner_style
from icl_cli.report.seeds import over_seeds


def reading(family: Family) -> str:
    """How the lines and numbers of a caption are to be read."""
    seeds = len(family.finished)
    if seeds == 1:
        return f"One seed ({family.finished[0].seed}); s.e. is the Monte-Carlo standard error."
    return (
        f"Thick lines are means of {count(seeds, 'seed')}, thin ones single seeds, bands reach from the lowest to the "
        "highest; ± is the standard deviation over seeds, s.e. the Monte-Carlo standard error."
    )


def spread_sentence(families: Sequence[Family]) -> str:
    """The same of a plot of several configurations, which may differ in how many seeds they have."""
    counts = [len(family.finished) for family in families]
    if max(counts) == 1:
        return "One seed each; bars, and bands of horizontal lines, are ±2 Monte-Carlo s.e."
    seeds = count(counts[0], "seed") if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)} seeds"
    return (
        f"{seeds} each. Thick lines are means over seeds, thin ones single seeds, bands reach from the lowest to the "
        "highest; bars, and bands of horizontal lines, are ±2 Monte-Carlo s.e."
    )


def value_text(row: Any) -> str:
    """`0.19830 ± 0.00026 (s.e. 0.0031)`, without the spread where it is none: a row of `over_seeds`."""
    if not np.isfinite(row.value):
        return number(row.value)
    spread = measured(row.value, row.deviation) if row.deviation > 0 else number(row.value)
    return f"{spread} (s.e. {number(row.standard_error, digits=2)})"


def values_text(points: pandas.DataFrame) -> str:
    """`trained transformer 0.1983 …, GD 0.1982 …`: of points with the columns learner, value, standard_error."""
    rows = {row.learner: row for row in rows_of(over_seeds(points, ["learner"]))}
    return enumeration([f"{learner_style(name).label} {value_text(rows[name])}" for name in in_order(rows)])


def differences_text(differences: pandas.DataFrame) -> str:
    """The paired differences to each baseline, each with its Monte-Carlo error."""
    rows = {row.learner: row for row in rows_of(over_seeds(differences, ["learner"]))}
    names = in_order(rows)
    return "; ".join(f"transformer − {learner_style(name).label} {difference_text(rows[name])}" for name in names)


def difference_text(row: Any) -> str:
    """`+0.00015 (s.e. 0.00020)`."""
    if not np.isfinite(row.value + row.standard_error):
        return "not finite"
    value, error = measured(row.value, row.standard_error).split(" ± ")
    return f"{'+' if row.value > 0 else ''}{value} (s.e. {error})"
