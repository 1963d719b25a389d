"""The panels that figures are made of: one file a kind, and one line each in the registry."""

from icl_cli.report.panels.panel import Panel, complete_options
from icl_cli.report.panels.registry import PANELS

__all__ = ["PANELS", "Panel", "complete_options"]
