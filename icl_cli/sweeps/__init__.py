"""Where runs, measures and the store meet: experiments and comparisons."""

from icl_cli.sweeps.comparison import ComparisonPlan, comparable_runs, compare_run, default_baselines, load_model
from icl_cli.sweeps.experiment import Listener, run_experiment, run_experiments
from icl_cli.sweeps.names import default_name
from icl_cli.sweeps.run_comparison import OtherRun, compare_with_run, paired_runs
from icl_cli.sweeps.tuned_baselines import Tuned, tuned_baseline

__all__ = [
    "ComparisonPlan",
    "Listener",
    "OtherRun",
    "Tuned",
    "comparable_runs",
    "compare_run",
    "compare_with_run",
    "default_baselines",
    "default_name",
    "load_model",
    "paired_runs",
    "run_experiment",
    "run_experiments",
    "tuned_baseline",
]
