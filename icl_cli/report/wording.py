"""Phrases that captions share, so that every caption states its numbers, seeds and errors in the same way."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas

from icl_cli.report.data import Family
from icl_cli.report.drawn_seeds import DrawnSeeds, drawn_seeds, left_out, only_seed
from icl_cli.report.formatting import enumeration, measured, number
from icl_cli.report.frame_rows import rows_of
from icl_cli.report.learners import in_order, learner_style
from icl_cli.report.seeds import over_seeds

SPREAD = "thin ones single seeds, bands reach from the lowest to the highest"


def reading(numbers: pandas.DataFrame, family: Family) -> str:
    """How the lines and numbers of a caption are to be read: all `numbers` of the figure, with the column seed."""
    drawn = drawn_seeds("", family, numbers)
    if drawn.behind.most == 1:
        seeds = enumeration([str(seed) for seed in drawn.behind.seeds])
        words = f"One seed ({seeds}); s.e. is the Monte-Carlo standard error."
    else:
        lines = f"Thick lines are means of {drawn.number} seeds, {SPREAD}"
        words = (
            f"{lines if has_bands([numbers]) else f'{drawn.number} seeds, each shown'}; ± is the standard deviation "
            "over seeds, s.e. the Monte-Carlo standard error."
        )
    return " ".join([words, *left_out([drawn])])


def spread_sentence(drawn: Sequence[DrawnSeeds], numbers: pandas.DataFrame) -> str:
    """The same of a plot of its own, whose configurations may differ in how many seeds they have."""
    words = f"{_spread(drawn, numbers)}{errors_text([numbers])}"
    return " ".join([words, *([] if only_seed(drawn) is not None else left_out(drawn))])


def spread_text(frames: Sequence[pandas.DataFrame]) -> str:
    """How the lines of several seeds are to be read, of the numbers of each panel."""
    return f". Thick lines are means over seeds, {SPREAD}" if has_bands(frames) else ", each shown"


def errors_text(frames: Sequence[pandas.DataFrame]) -> str:
    """The end of a sentence: what shows Monte-Carlo errors, the bars of single points and bands of horizontal lines."""
    with_errors = [one for one in frames if "standard_error" in one and "learner" in one]
    points = any("lowest" not in one and one["standard_error"].notna().any() for one in with_errors)
    levels = any((one["step"].isna() & one["standard_error"].notna()).any() for one in with_errors if "step" in one)
    what = {(True, True): "bars, and bands of horizontal lines,", (True, False): "bars"}
    words = what.get((points, levels), "bands of horizontal lines" if levels else "")
    return f"; {words} are ±2 Monte-Carlo s.e." if words else "."


def has_bands(frames: Sequence[pandas.DataFrame]) -> bool:
    """Whether a mean over seeds, with its spread, is among the numbers of a panel."""
    with_means = [one.loc[one["seed"].isna()] for one in frames if {"lowest", "highest", "seed"} <= set(one)]
    return any((means["highest"] > means["lowest"]).any() for means in with_means)


def _spread(drawn: Sequence[DrawnSeeds], numbers: pandas.DataFrame) -> str:
    only, each = only_seed(drawn), " each" if len(drawn) > 1 else ""
    if only is not None and any(len(one.finished) > 1 for one in drawn):
        return f"Seed {only} alone"
    if max(one.behind.most for one in drawn) == 1:
        return f"One seed{each}"
    return f"{seeds_counted(drawn)}{each}{spread_text([numbers])}"


def seeds_counted(drawn: Sequence[DrawnSeeds]) -> str:
    """`3 seeds`, `2 of 3 seeds`, `2 to 3 seeds`."""
    if len({one.number for one in drawn}) == 1:
        return f"{drawn[0].number} {'seed' if drawn[0].number == '1' else 'seeds'}"
    return f"{min(one.behind.fewest for one in drawn)} to {max(one.behind.most for one in drawn)} seeds"


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
