"""Phrases that captions share, so that every caption states its numbers, seeds and errors in the same way."""

import pandas

from icl_cli.report.data import Family
from icl_cli.report.formatting import count, enumeration, measured, number
from icl_cli.report.learners import learner_style
from icl_cli.report.seeds import over_seeds

BANDS = "Thin lines are single seeds, thick ones their mean, bands reach from the lowest to the highest seed."


def bands(family: Family) -> str:
    """How lines and bands are to be read, or that there is one seed."""
    return BANDS if len(family.finished) > 1 else f"One seed ({family.finished[0].seed})."


def over_seeds_text(row) -> str:
    """The mean over seeds with their spread and the Monte-Carlo error: a row of `over_seeds`."""
    error = f"Monte-Carlo s.e. {number(row.standard_error)}"
    if row.seeds == 1:
        return f"{number(row.value)} (1 seed, {error})"
    return f"{number(row.value)} (mean of {row.seeds} seeds, s.d. {number(row.deviation)}, {error})"


def final_text(points: pandas.DataFrame) -> str:
    """"GD 0.1982 (…), GD++ 0.11 (…)": means over seeds of points with the columns learner, seed, value, standard_error."""
    rows = over_seeds(points, ["learner"]).itertuples()
    return enumeration([f"{learner_style(str(row.learner)).label} {over_seeds_text(row)}" for row in rows])


def differences_text(differences: pandas.DataFrame) -> str:
    """The paired differences to each baseline, in words."""
    rows = over_seeds(differences, ["learner"]).itertuples()
    return "; ".join(
        f"transformer − {learner_style(str(row.learner)).label}: {signed(row.value, row.standard_error)}"
        + ("" if row.seeds == 1 else f" (s.d. over {count(int(row.seeds), 'seed')} {number(row.deviation)})")
        for row in rows
    )


def signed(value: float, error: float) -> str:
    """A difference with its sign and error."""
    return ("+" if value > 0 else "") + measured(value, error).replace("-", "−", 1)
