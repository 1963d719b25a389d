"""Where runs, measures and the store meet: experiments, comparisons and analyses."""

from icl_cli.sweeps.analyses import ANALYSES, AnalysedPoints, Analysis, analyse_run, get_analysis
from icl_cli.sweeps.comparison import (
    ComparisonPlan,
    comparable_runs,
    compare_run,
    default_baselines,
    finished_runs,
)
from icl_cli.sweeps.experiment import run_experiment, run_experiments
from icl_cli.sweeps.names import default_name, names_of_families
from icl_cli.sweeps.recorder import Listener
from icl_cli.sweeps.run_comparison import OtherRun, compare_with_run, paired_runs, unpaired_runs
from icl_cli.sweeps.stored_content import check_contents
from icl_cli.sweeps.stored_models import load_model, weights_problem
from icl_cli.sweeps.telling import telling_of
from icl_cli.sweeps.tuned_baselines import Tuned, tuned_baseline

__all__ = [
    "ANALYSES",
    "AnalysedPoints",
    "Analysis",
    "ComparisonPlan",
    "Listener",
    "OtherRun",
    "Tuned",
    "analyse_run",
    "check_contents",
    "comparable_runs",
    "compare_run",
    "compare_with_run",
    "default_baselines",
    "default_name",
    "finished_runs",
    "get_analysis",
    "load_model",
    "names_of_families",
    "paired_runs",
    "run_experiment",
    "run_experiments",
    "telling_of",
    "tuned_baseline",
    "unpaired_runs",
    "weights_problem",
]
