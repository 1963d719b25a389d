"""Ordinary learning algorithms on the same contexts, with tuned parameters."""

from icl_cli.baselines.baseline import Baseline, Learner, Parameters, ParameterSymbol, Problem
from icl_cli.baselines.descent import Descent
from icl_cli.baselines.registry import BASELINES, get_baseline

__all__ = ["BASELINES", "Baseline", "Descent", "Learner", "ParameterSymbol", "Parameters", "Problem", "get_baseline"]
