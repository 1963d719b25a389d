"""Over training, how alike model and algorithm become: predictions, sensitivities and their cosine (section 3)."""

import pandas
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from icl_cli.report.data import Family
from icl_cli.report.figures.curves import draw_curves, legend_above
from icl_cli.report.figures.drawing import Drawing, FamilyFigure
from icl_cli.report.figures.scales import drawable, log_axis, steps_axis
from icl_cli.report.figures.wording import reading, value_text
from icl_cli.report.learners import in_order, learner_style
from icl_cli.report.seeds import over_seeds, with_mean
from icl_cli.report.style import INK, TWO_COLUMNS, new_figure

COSINE = "cosine"
DIFFERENCES = {"prediction_difference": ("|Δŷ|", "-"), "model_difference": ("|Δ∂ŷ/∂x|", (0, (4, 1.5)))}


def alignment(family: Family) -> Drawing | None:
    """The figure, or None unless the model was compared at several steps."""
    numbers = alignment_numbers(family)
    if numbers is None:
        return None
    figure = new_figure(TWO_COLUMNS, 2.3)
    differences, cosines = figure.subplots(1, 2)
    draw_differences(differences, numbers, family)
    draw_cosines(cosines, numbers, family)
    legend_above(figure, numbers["learner"], line="-")
    caption = (
        f"Left: mean distance of the predictions, |Δŷ|, and of the sensitivities to the query, |Δ∂ŷ/∂x|. "
        f"Right: cosine of the sensitivities. {_final(family, numbers)} {reading(family)}"
    )
    return Drawing(figure, numbers, caption, f"Two line charts of alignment. {_final(family, numbers)}")


def alignment_numbers(family: Family) -> pandas.DataFrame | None:
    """The three measures by baseline and step, where a baseline was compared at more than one."""
    measured = family.comparisons.loc[family.comparisons["measure"].isin([*DIFFERENCES, COSINE])]
    often = measured.groupby("baseline")["step"].transform("nunique") > 1
    points = measured.loc[often].rename(columns={"baseline": "learner"})
    if points.empty:
        return None
    # A seed that was compared at its last step alone would make the mean jump there.
    everywhere = points.groupby(["learner", "seed"])["step"].transform("nunique") > 1
    return with_mean(points.loc[everywhere], ["measure", "learner", "step"])


def draw_differences(axes: Axes, numbers: pandas.DataFrame, family: Family) -> None:
    """Draw the distances of predictions and of sensitivities, which line styles tell apart."""
    for measure, (_, line) in DIFFERENCES.items():
        draw_curves(axes, numbers.loc[numbers["measure"] == measure], "step", line)
    differences = drawable(numbers.loc[numbers["measure"].isin(list(DIFFERENCES))])
    log_axis(axes, differences["value"].to_numpy(float))
    steps_axis(axes, family.config.training.steps)
    axes.set_ylabel("difference")
    handles = [Line2D([], [], color=INK, linestyle=line, label=label) for label, line in DIFFERENCES.values()]
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0, borderpad=0.2)


def draw_cosines(axes: Axes, numbers: pandas.DataFrame, family: Family) -> None:
    """Draw the cosines of the sensitivities."""
    cosines = numbers.loc[numbers["measure"] == COSINE]
    draw_curves(axes, cosines, "step", line="-")
    steps_axis(axes, family.config.training.steps)
    axes.set_ylim(min(0.0, cosines["value"].min()) - 0.03, 1.03)
    axes.set_ylabel("cosine similarity")


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


ALIGNMENT = FamilyFigure("alignment", "Alignment over training", alignment, measured_by=("--at", "all"))
