"""All figures. A new one is one file beside this one and one line here."""

from icl_cli.report.figures.alignment import TITLE as ALIGNMENT
from icl_cli.report.figures.alignment import alignment
from icl_cli.report.figures.drawing import DataFigure, FamilyFigure
from icl_cli.report.figures.figure_2 import TITLE as FIGURE_2
from icl_cli.report.figures.figure_2 import figure_2
