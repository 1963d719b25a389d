"""Curves of the paper's panels as data: what stands along their axes."""

from dataclasses import replace

import pytest

from icl_cli.report.curve_data import charts
from icl_cli.report.panels import PANELS
from icl_cli.report.paper_figure import draw_paper_figure
from icl_cli.report.style import paper_style
from icl_cli.sweeps.figure_spec import FigureSpec


@pytest.mark.parametrize(
    ("kind", "options", "x", "y"),
    [
        ("copying", {}, "training step", "mean of ‖∂ẽ/∂e‖"),
        ("condition", {}, "γ", "condition number κ"),
        ("sizes", {"path": "model.layers"}, "layers K", "held-out loss ½|ŷ − y|²"),
        ("curvature-rates", {"path": "training.steps"}, "steps", "γ (models: layer 1)"),
        ("roll-out", {}, "applications of the layer", "held-out loss ½|ŷ − y|²"),
    ],
)
def test_curves_of_a_panel_can_be_explored_under_its_own_words(measured, kind, options, x, y):
    path = options.get("path", "model.layers").split(".")
    part = getattr(measured.config, path[0])
    changed = part.model_copy(update={path[1]: 2 * getattr(part, path[1])})
    config = measured.config.model_copy(update={path[0]: changed})
    other = replace(measured, runs=tuple(replace(run, config=config) for run in measured.runs))
    grid = [measured, other] if PANELS[kind].takes == "grid" else [measured]
    spec = FigureSpec.model_validate({"panels": ({"kind": "losses"}, {"kind": kind, "options": options})})
    with paper_style():
        (chart,) = charts(draw_paper_figure(spec, {"runs": grid}))
    assert (chart["title"], chart["x"], chart["y"]) == (f"(b) {PANELS[kind].title}", x, y)
    assert all(line["x"] is None or len(line["x"]) > 1 for line in chart["lines"])
