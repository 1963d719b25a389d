"""The figures of a report: one file each, and one line each in the registry."""

from icl_cli.report.figures.registry import FIGURES, OVERVIEWS

__all__ = ["FIGURES", "OVERVIEWS"]
