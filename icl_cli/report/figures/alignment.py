"""Over training, how alike model and algorithm become: predictions, sensitivities and their cosine (section 3)."""

import pandas

from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing, FamilyFigure
from icl_cli.report.learners import in_order, learner_style
from icl_cli.report.legends import legend_above
from icl_cli.report.panels.alignment import (
    ABOVE,
    COSINE,
    DIFFERENCES,
    alignment_numbers,
    draw_cosines,
    draw_differences,
    measures_legend,
)
from icl_cli.report.seeds import over_seeds
from icl_cli.report.style import TWO_COLUMNS, new_figure
from icl_cli.report.wording import reading, value_text


def alignment(family: Family) -> Drawing | None:
    """The figure, or None unless the model was compared at several steps."""
    numbers = alignment_numbers(family)
    if numbers is None:
        return None
    figure = new_figure(TWO_COLUMNS, 2.3)
    differences, cosines = figure.subplots(1, 2)
    draw_differences(differences, numbers, family.config.training.steps)
    measures_legend(differences, **ABOVE)
    draw_cosines(cosines, numbers, family.config.training.steps, line="-")
    legend_above(figure, numbers["learner"], line="-")
    caption = (
        f"Left: mean distance of the predictions, |Δŷ|, and of the sensitivities to the query, |Δ∂ŷ/∂x|. "
        f"Right: cosine of the sensitivities. {_final(family, numbers)} {reading(numbers, family)}"
    )
    return Drawing(figure, numbers, caption, f"Two line charts of alignment. {_final(family, numbers)}")


def _final(family: Family, numbers: pandas.DataFrame) -> str:
    steps = family.config.training.steps
    final = numbers.loc[numbers["seed"].notna() & (numbers["step"] == steps)]
    names = {measure: label for measure, (label, _) in DIFFERENCES.items()} | {COSINE: "cosine"}
    words = []
    for learner in in_order(final["learner"]):
        rows = over_seeds(final.loc[final["learner"] == learner], ["measure"]).set_index("measure")
        measures = [
            f"{name} {value_text(rows.loc[measure])}" for measure, name in names.items() if measure in rows.index
        ]
        words.append(f"{learner_style(learner).label}: {', '.join(measures)}")
    return f"At step {steps}, against {'; '.join(words)}." if words else ""


ALIGNMENT = FamilyFigure(
    "alignment",
    "Alignment over training",
    alignment,
    measured_by=("--at", "all"),
    shows="distances and cosine over training, side by side",
    paper="Figures 2 and 3",
)
