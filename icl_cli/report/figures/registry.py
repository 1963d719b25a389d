"""All figures, in the order of the page. A new one is one file beside this one and one line here."""

from icl_cli.report.drawing import DataFigure, FamilyFigure
from icl_cli.report.figures.alignment import ALIGNMENT
from icl_cli.report.figures.figure_2 import FIGURE_2
from icl_cli.report.figures.interpolation import INTERPOLATION
from icl_cli.report.figures.losses import LOSSES
from icl_cli.report.figures.out_of_distribution import OUT_OF_DISTRIBUTION
from icl_cli.report.figures.overview import OVERVIEW
from icl_cli.report.figures.roll_out import ROLL_OUT
from icl_cli.report.figures.training import TRAINING
from icl_cli.report.figures.weights import WEIGHTS

FIGURES: tuple[FamilyFigure, ...] = (
    FIGURE_2,
    TRAINING,
    ALIGNMENT,
    LOSSES,
    INTERPOLATION,
    OUT_OF_DISTRIBUTION,
    ROLL_OUT,
    WEIGHTS,
)

OVERVIEWS: tuple[DataFigure, ...] = (OVERVIEW,)
