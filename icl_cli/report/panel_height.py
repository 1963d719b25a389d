"""How high a panel has to be for all that it shows to be read, whatever stands around it."""

import pandas

from icl_cli.report.panels.panel import Panel, no_legend

# Inches of title and axis, and of a row of points with its name above.
FRAME_HEIGHT, ROW_HEIGHT = 0.7, 0.34


def rows_height(panel: Panel, numbers: pandas.DataFrame) -> float:
    """Inches that a panel with a row of points for each learner needs; 0 for other panels."""
    has_rows = panel.legend is no_legend and "learner" in numbers
    return FRAME_HEIGHT + ROW_HEIGHT * len(set(numbers["learner"])) if has_rows else 0.0
