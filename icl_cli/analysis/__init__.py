"""A trained model against an algorithm. Every analysis takes learners and returns values with standard errors."""

from icl_cli.analysis.alignment import MEASURES, alignment
from icl_cli.analysis.copying import copying_sensitivities
from icl_cli.analysis.estimate import Estimate
from icl_cli.analysis.interpolation import can_interpolate, interpolate
from icl_cli.analysis.losses import held_out_loss, shifted_losses
from icl_cli.analysis.roll_out import roll_out
from icl_cli.analysis.weights import LayerProducts, layer_products

__all__ = [
    "MEASURES",
    "Estimate",
    "LayerProducts",
    "alignment",
    "can_interpolate",
    "copying_sensitivities",
    "held_out_loss",
    "interpolate",
    "layer_products",
    "roll_out",
    "shifted_losses",
]
