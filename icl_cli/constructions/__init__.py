"""Weights written by hand that make a transformer carry out a known algorithm."""

from icl_cli.constructions.copying import copying_layer, copying_transformer
from icl_cli.constructions.gd_plus_plus import gd_plus_plus_layer, gd_plus_plus_transformer
from icl_cli.constructions.gradient_descent import gradient_descent_layer, gradient_descent_transformer
from icl_cli.constructions.kernel_regression import feature_embedding, kernel_regression_transformer

__all__ = [
    "copying_layer",
    "copying_transformer",
    "feature_embedding",
    "gd_plus_plus_layer",
    "gd_plus_plus_transformer",
    "gradient_descent_layer",
    "gradient_descent_transformer",
    "kernel_regression_transformer",
]
