"""How much room a run will take in the database, from its configuration and what its sweep measures of it."""

from functools import cache

import jax

from icl_cli.config import ModelConfig, RunConfig, TaskConfig
from icl_cli.conventions import resolve
from icl_cli.models import transformer_skeleton
from icl_cli.store.sizes import COMPARISON_BYTES, CURVE_BYTES, METRIC_BYTES
from icl_cli.sweeps.comparison import INTERPOLATION_WEIGHTS, ROLL_OUT_STEPS, SHIFT_SCALES
from icl_cli.sweeps.runs_spec import RunsBody
from icl_cli.tasks import SHIFT_KINDS
from icl_cli.training.schedule import recording_steps

# At each evaluation: two losses, a standard error, a gradient norm. Of each comparison: alignment and losses.
METRICS, MEASURES = 4, 7
# What a file of weights says of them.
HEADER_BYTES = 400


def expected_bytes(config: RunConfig, runs: RunsBody) -> int:
    """Bytes of one run with its metrics, its snapshots, and its comparisons as `runs` asks for them."""
    snapshots = len(recording_steps(config.training.steps, config.evaluation.snapshots))
    evaluations = len(recording_steps(config.training.steps, config.evaluation.points))
    compared = snapshots if runs.snapshots == "all" else 1
    baselines = len(runs.baselines)
    # Beside the model and the baselines stand the weights halfway between.
    learners = 1 + 2 * baselines
    points = len(SHIFT_SCALES) * len(SHIFT_KINDS) * learners + len(INTERPOLATION_WEIGHTS) * baselines
    if config.model.layers == 1 and "gd" in runs.baselines:
        # One layer is rolled out beside GD, from step 0 on.
        points += 2 * (1 + ROLL_OUT_STEPS)
    return (
        snapshots * (HEADER_BYTES + _weight_bytes(config))
        + evaluations * METRICS * METRIC_BYTES
        + baselines * compared * MEASURES * COMPARISON_BYTES
        + (points * CURVE_BYTES if runs.curves and baselines else 0)
    )


def _weight_bytes(config: RunConfig) -> int:
    return _counted(config.task.model_dump_json(), config.model.model_dump_json())


@cache
def _counted(task: str, model: str) -> int:
    """Nothing but these two decides the shapes of weights, and a grid has few of them."""
    choices = {"task": TaskConfig.model_validate_json(task), "model": ModelConfig.model_validate_json(model)}
    skeleton = transformer_skeleton(resolve(None, {}).config.model_copy(update=choices))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(skeleton) if hasattr(leaf, "dtype"))
