"""Ordinary learning algorithms on the same contexts, with tuned parameters."""

from icl_cli.baselines.baseline import AT_BOUND, Baseline, Learner, Parameters, ParameterSymbol, Problem
from icl_cli.baselines.descent import Descent
from icl_cli.baselines.registry import BASELINES, get_baseline
from icl_cli.baselines.ridge import bayes_learner

__all__ = [
    "AT_BOUND",
    "BASELINES",
    "Baseline",
    "Descent",
    "Learner",
    "ParameterSymbol",
    "Parameters",
    "Problem",
    "bayes_learner",
    "get_baseline",
]
