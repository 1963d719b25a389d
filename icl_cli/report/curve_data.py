"""The curves in a figure's numbers as JSON content, for the part of the page that lets readers explore them."""

from collections.abc import Mapping
from typing import Any

import pandas

from icl_cli.report.drawing import Drawing, PanelWords
from icl_cli.report.learners import LineStyle, in_order, learner_style
from icl_cli.report.page_tables import MEASURES
from icl_cli.report.panels.roll_out import PREFIX as ROLL_OUT
from icl_cli.report.panels.shift import PREFIX as SHIFT
from icl_cli.report.scales import LARGEST_DRAWN
from icl_cli.tasks import SHIFT_KINDS

# Columns that a curve can run along, and what their axis is called; one more holds values of the configuration, and of
# which of its settings the panel's own axis says.
HORIZONTAL = {
    "step": "training step",
    "alpha": "α",
    "applications": "applications of the layer",
    "eigenvalue": "eigenvalue",
    "x": "input x",
    "t": "weight of the baseline",
    "training_step": "training step",
    "gamma": "γ",
}
SETTING = "setting"
# Of these the figures have a square-root scale.
STEPS = ("step", "training_step")
# Columns whose values set charts apart that one figure shows.
CHART_COLUMNS = ("panel", "kind", "measure", "quantity")
FEWEST_POINTS = 2
DIGITS = 6


def charts(drawing: Drawing) -> list[dict[str, Any]]:
    """The line charts of a figure, each with its `title`, axes and `lines`; empty where it has no curves.

    A figure of lettered panels has to say their words.
    """
    numbers = drawing.numbers
    if not {"learner", "value", "seed", "lowest"} <= set(numbers) or ("panel" in numbers and not drawing.panels):
        return []
    columns = [name for name in CHART_COLUMNS if name in numbers]
    if not columns:
        made = [_chart({}, numbers, drawing.panels)]
    else:
        groups = numbers.groupby(columns, sort=False, dropna=False)
        made = [_chart(own.iloc[0][columns].to_dict(), own, drawing.panels) for _, own in groups]
    return [chart for chart in made if chart["lines"]]


def _chart(place: Mapping[str, Any], numbers: pandas.DataFrame, panels: Mapping[str, PanelWords]) -> dict[str, Any]:
    known = {name: str(value) for name, value in place.items() if not pandas.isna(value)}
    panel = panels.get(known.get("panel", ""), PanelWords("", "", "loss"))
    horizontal = HORIZONTAL | {SETTING: panel.x}
    means = numbers.loc[numbers["seed"].isna()]
    present = [name for name in horizontal if name in means and means[name].nunique() >= FEWEST_POINTS]
    words = [f"({known['panel']}) {panel.title}"] if "panel" in known else []
    words += [_kind_text(known["kind"])] if "kind" in known else []
    words += [MEASURES.get(known["measure"], known["measure"])] if "measure" in known else []
    return {
        "title": ", ".join(words) or "curves",
        "x": horizontal[present[0]] if present else "",
        "root": bool(present) and present[0] in STEPS,
        "y": MEASURES.get(known.get("measure", ""), panel.y),
        "lines": [_line(means, name, present[0]) for name in in_order(means["learner"])] if present else [],
    }


def _line(means: pandas.DataFrame, learner: str, x: str) -> dict[str, Any]:
    """One learner. A level, which no place belongs to, has no `x`."""
    own = means.loc[means["learner"] == learner]
    curve = own.dropna(subset=[x]).sort_values(x)
    points = curve if len(curve) else own.head(1)
    style = learner_style(learner)
    # Where seeds do not differ, a band would only say everything twice.
    spread = bool((points["highest"] > points["lowest"]).any())
    return {
        "name": style.label,
        "color": style.color,
        "dash": _dash(style.line),
        "x": _values(points[x]) if len(curve) else None,
        "y": _values(points["value"]),
        "low": _values(points["lowest"]) if spread else None,
        "high": _values(points["highest"]) if spread else None,
    }


def _values(column: pandas.Series) -> list[float | None]:
    """Numbers that a chart can hold, rounded to what a reader sees of them; None for others."""
    return [
        float(f"{value:.{DIGITS}g}") if abs(value) < LARGEST_DRAWN else None
        for value in column.to_numpy(float).tolist()
    ]


def _dash(line: LineStyle) -> str:
    """matplotlib's dashes, in widths of the line, as the pixels of a chart."""
    return "solid" if isinstance(line, str) else ",".join(f"{1.5 * length:g}px" for length in line[1])


def _kind_text(kind: str) -> str:
    if kind.startswith(ROLL_OUT):
        return f"λ = {kind.removeprefix(ROLL_OUT)}"
    return SHIFT_KINDS.get(kind.removeprefix(SHIFT), kind)
