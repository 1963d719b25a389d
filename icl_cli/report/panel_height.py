"""How high a panel has to be for all that it shows to be read, whatever stands around it."""

import pandas

from icl_cli.report.panels.losses import NAMES_BESIDE
from icl_cli.report.panels.panel import Panel, no_legend

# Inches of title and axis, and of a row of points with its name above or beside them.
FRAME_HEIGHT, ROW_HEIGHT, LOW_ROW_HEIGHT = 0.7, 0.34, 0.22


def rows_height(panel: Panel, numbers: pandas.DataFrame, column: float) -> float:
    """Inches that a panel with a row of points for each learner needs in a column so wide; 0 for other panels."""
    has_rows = panel.legend is no_legend and "learner" in numbers
    row = ROW_HEIGHT if column < NAMES_BESIDE else LOW_ROW_HEIGHT
    return FRAME_HEIGHT + row * len(set(numbers["learner"])) if has_rows else 0.0
