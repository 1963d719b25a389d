"""Plots of their own as `icl plot` draws them, without files."""

from icl_cli.report.data import Data
from icl_cli.report.files import rendered_figure
from icl_cli.report.plot import PlotRequest, draw_plot
from icl_cli.report.plot_kinds import option_values, plot_kind
from icl_cli.report.style import paper_style


def draw(kind, *families, columns=None, options=(), scale=None):
    found = plot_kind(kind)
    request = PlotRequest(found, columns, option_values(found, options), scale)
    with paper_style():
        drawing = draw_plot(Data("results.db", tuple(families)), request)
        rendered_figure(drawing.figure, ["svg"])
    return drawing
