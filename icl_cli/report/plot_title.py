"""What stands above a plot of its own: what is compared with what, and how many seeds are behind it."""

import textwrap
from collections.abc import Sequence

import pandas
from matplotlib.figure import Figure

from icl_cli.report.data import Family
from icl_cli.report.formatting import count, enumeration
from icl_cli.report.labels import architecture, drawable_text, without_formulas
from icl_cli.report.learners import INTERPOLATED, in_order, learner_style, parts

# Of the type of titles: the mean width of a letter, in inches.
LETTER_INCHES = 0.062
LONGEST_TITLE = 240
MOST_NAMED = 3


def family_labels(families: Sequence[Family]) -> list[str]:
    """One name a configuration; those that share one are told apart by the ids of their first runs."""
    names = [", ".join(family.names) for family in families]
    return [
        name if names.count(name) == 1 else f"{name} {family.finished[0].short_id}"
        for name, family in zip(names, families, strict=True)
    ]


def compared_text(families: Sequence[Family], numbers: pandas.DataFrame) -> str:
    """`looped (K = 2 recurrent, linear) against GD and GD++`."""
    labels = family_labels(families)
    if len(families) == 1:
        models = f"{labels[0]} ({architecture(families[0].config)})"
    else:
        models = enumeration(labels) if len(labels) <= MOST_NAMED else count(len(labels), "configuration")
    baselines = [learner_style(name).label for name in _baselines(families, numbers)]
    return f"{models} against {enumeration(baselines)}" if baselines else models


def seeds_text(families: Sequence[Family], numbers: pandas.DataFrame) -> str:
    """`5 seeds: line mean, band lowest to highest`, or which seed is shown."""
    seeds = numbers["seed"].dropna().unique() if "seed" in numbers else families[0].finished[:1]
    if len(seeds) <= 1:
        shown = families[0].finished[0].seed if "seed" not in numbers or not len(seeds) else int(seeds[0])
        several = len(families[0].finished)
        return f"seed {shown}" if several == 1 else f"seed {shown} of {several} seeds"
    counts = [len(family.finished) for family in families]
    number = count(counts[0], "seed")
    if len(set(counts)) > 1:
        pairs = zip(family_labels(families), counts, strict=True)
        number = f"seeds: {', '.join(f'{label} {one}' for label, one in pairs)}"
        number = number if len(families) <= MOST_NAMED else f"{min(counts)} to {max(counts)} seeds"
    return f"{number}; line: mean, band: lowest to highest" if _has_bands(numbers) else number


def set_title(figure: Figure, lines: Sequence[str]) -> None:
    """Write the lines at the top, above the legend if there is one, as wide as the figure allows."""
    letters = int((figure.get_figwidth() - 0.1) / LETTER_INCHES)
    wrapped = [part for line in lines for part in textwrap.wrap(drawable_text(line, LONGEST_TITLE), letters)]
    text = without_formulas("\n".join(wrapped))
    if figure.legends:
        # A legend outside the axes and a title of the figure would be written over each other.
        figure.legends[0].set_title(text, prop={"size": 8})
        figure.legends[0].set_alignment("center")
    else:
        figure.suptitle(text, fontsize=8)


def _baselines(families: Sequence[Family], numbers: pandas.DataFrame) -> list[str]:
    column = next((name for name in ("baseline", "learner") if name in numbers), None)
    if column is None:
        return []
    kinds = {parts(str(name)).kind.removeprefix(INTERPOLATED) for name in numbers[column].dropna().unique()}
    known = {name for family in families for name in family.baselines}
    return in_order(kinds & known)


def _has_bands(numbers: pandas.DataFrame) -> bool:
    """Whether a mean over seeds, with its spread, is among the numbers."""
    if not {"lowest", "highest", "seed"} <= set(numbers):
        return False
    means = numbers.loc[numbers["seed"].isna()]
    return bool((means["highest"] > means["lowest"]).any())
