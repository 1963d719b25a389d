"""What stands above a plot of its own: what is compared with what, and how many seeds are behind it."""

import textwrap
from collections.abc import Sequence

import pandas
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from icl_cli.report.data import Family
from icl_cli.report.drawn_seeds import DrawnSeeds, only_seed
from icl_cli.report.formatting import count, enumeration
from icl_cli.report.labels import architecture, drawable_text, family_titles, without_formulas
from icl_cli.report.learners import INTERPOLATED, MODEL, in_order, learner_style, parts
from icl_cli.report.wording import has_bands, seeds_counted

# Points; the mean width of a letter of this size, and what stays free at the sides, in inches.
TITLE_SIZE = 8
LETTER_INCHES, MARGIN = 0.063, 0.2
LONGEST_TITLE = 240
MOST_NAMED = 3


def compared_text(families: Sequence[Family], numbers: pandas.DataFrame) -> str:
    """`looped (K = 2 recurrent, linear) against GD and GD++`."""
    labels = family_titles(families)
    if len(families) == 1:
        models = f"{labels[0]} ({architecture(families[0].config)})"
    else:
        models = enumeration(labels) if len(labels) <= MOST_NAMED else count(len(labels), "configuration")
    baselines = [learner_style(name).label for name in _baselines(families, numbers)]
    return f"{models} against {enumeration(baselines)}" if baselines else models


def title_lines(title: str, families: Sequence[Family], numbers: pandas.DataFrame, seeds: str) -> list[str]:
    """The kind of plot and of which runs, then what the model of a single one is, and `seeds`.

    What the runs are compared with stands in the legend or in the rows, unless these tell models apart.
    """
    labels = family_titles(families)
    models = enumeration(labels) if len(labels) <= MOST_NAMED else count(len(labels), "configuration")
    against = [learner_style(name).label for name in _baselines(families, numbers)] if _shows_models(numbers) else []
    first = f"{title}: {models}" + (f" against {enumeration(against)}" if against else "")
    return [first, "; ".join([architecture(families[0].config), seeds] if len(families) == 1 else [seeds])]


def _shows_models(numbers: pandas.DataFrame) -> bool:
    """Whether every curve is that of a model, whatever it is compared with."""
    return "baseline" in numbers and all(parts(str(name)).kind == MODEL for name in numbers["learner"])


def seeds_text(drawn: Sequence[DrawnSeeds], numbers: pandas.DataFrame) -> str:
    """`mean and range of 5 seeds`, `2 seeds, each shown`, or which seed is shown."""
    only = only_seed(drawn)
    if only is not None:
        several = max(len(one.finished) for one in drawn)
        return f"seed {only}" if several == 1 else f"seed {only} of {several} seeds"
    number = seeds_counted(drawn)
    if len({one.number for one in drawn}) > 1 and len(drawn) <= MOST_NAMED:
        number = f"seeds: {', '.join(f'{one.label} {one.number}' for one in drawn)}"
    if "seed" not in numbers:
        return f"means of {number}"
    return f"mean and range of {number}" if has_bands([numbers]) else f"{number}, each shown"


def set_title(figure: Figure, lines: Sequence[str], height: float) -> None:
    """Write the lines at the top, as wide as the figure allows, above the legend if there is one.

    The figure becomes as high as that and the `height`, in inches, that is left for everything else.
    """
    letters = int((figure.get_figwidth() - MARGIN) / LETTER_INCHES)
    parts_of = [[line] if len(line) <= letters else line.split("; ") for line in lines]
    wrapped = [part for own in parts_of for line in own for part in _wrapped(line, letters)]
    text = without_formulas("\n".join(wrapped))
    if figure.legends:
        # A legend outside the axes and a title of the figure would be written over each other.
        top = figure.legends[0]
        top.set_title(text, prop=FontProperties(size=TITLE_SIZE))
        top.get_title().set_multialignment("center")
    else:
        top = figure.suptitle(text, fontsize=TITLE_SIZE)
    figure.set_figheight(height + top.get_window_extent().height / figure.get_dpi())


def legend_height(figure: Figure) -> float:
    """Inches that the legend above takes, 0 without one."""
    return sum(legend.get_window_extent().height for legend in figure.legends) / figure.get_dpi()


def _wrapped(line: str, letters: int) -> list[str]:
    """The line in parts of so many letters; equations and names stay whole where they can."""
    joined = drawable_text(line, LONGEST_TITLE).replace(" = ", "\u00a0=\u00a0").replace("against ", "against\u00a0")
    return textwrap.wrap(joined, letters, break_on_hyphens=False)


def _baselines(families: Sequence[Family], numbers: pandas.DataFrame) -> list[str]:
    column = next((name for name in ("baseline", "learner") if name in numbers), None)
    if column is None:
        return []
    kinds = {parts(str(name)).kind.removeprefix(INTERPOLATED) for name in numbers[column].dropna().unique()}
    known = {name for family in families for name in family.baselines}
    return in_order(kinds & known)
