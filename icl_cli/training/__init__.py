"""Training: loss, optimiser and the compiled loop; reports to a recorder, never to the store."""

from icl_cli.training.recorder import Recorder, Report
from icl_cli.training.state import TrainingState, initial_state, load_state, state_skeleton
from icl_cli.training.train import Outcome, train, train_together

__all__ = [
    "Outcome",
    "Recorder",
    "Report",
    "TrainingState",
    "initial_state",
    "load_state",
    "state_skeleton",
    "train",
    "train_together",
]
