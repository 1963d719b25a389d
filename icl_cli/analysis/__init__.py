"""A trained model against an algorithm. Every analysis takes learners and returns values with standard errors."""

from icl_cli.analysis.alignment import MEASURES, alignment, robust_alignment
from icl_cli.analysis.attention_maps import attention_maps, mean_attention
from icl_cli.analysis.cancellation import cancellation_score, scaled_key_queries
from icl_cli.analysis.copying import copying_sensitivities
from icl_cli.analysis.critical_damping import measured_critical_damping, predicted_critical_damping
from icl_cli.analysis.curvature import (
    LearnedCurvature,
    Spectra,
    condition_numbers,
    corrected_eigenvalues,
    learned_curvature,
    measured_spectra,
)
from icl_cli.analysis.distribution import binned_means, densities, mean_estimate, median_estimate
from icl_cli.analysis.estimate import Estimate
from icl_cli.analysis.interpolation import can_interpolate, interpolate
from icl_cli.analysis.learned_function import LearnedFunction, learned_function
from icl_cli.analysis.losses import held_out_loss, shifted_losses
from icl_cli.analysis.plateau import Plateau, find_plateau
from icl_cli.analysis.population_loss import population_loss
from icl_cli.analysis.roll_out import roll_out
from icl_cli.analysis.weights import LayerProducts, layer_products

__all__ = [
    "MEASURES",
    "Estimate",
    "LayerProducts",
    "LearnedCurvature",
    "LearnedFunction",
    "Plateau",
    "Spectra",
    "alignment",
    "attention_maps",
    "binned_means",
    "can_interpolate",
    "cancellation_score",
    "condition_numbers",
    "copying_sensitivities",
    "corrected_eigenvalues",
    "densities",
    "find_plateau",
    "held_out_loss",
    "interpolate",
    "layer_products",
    "learned_curvature",
    "learned_function",
    "mean_attention",
    "mean_estimate",
    "measured_critical_damping",
    "measured_spectra",
    "median_estimate",
    "population_loss",
    "predicted_critical_damping",
    "robust_alignment",
    "roll_out",
    "scaled_key_queries",
    "shifted_losses",
]
