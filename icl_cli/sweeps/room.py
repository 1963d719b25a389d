"""How much room a run will take in the database, from its configuration and what its sweep measures of it."""

import jax

from icl_cli.config import RunConfig
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

_COUNTED: dict[tuple[str, int, int, int], int] = {}


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
    task = config.task
    # Nothing else decides the shapes of weights, and a grid of thousands of points has few of these.
    shape = (config.model.model_dump_json(), task.input_size, task.output_size, config.token_size)
    if shape not in _COUNTED:
        leaves = jax.tree.leaves(transformer_skeleton(config))
        _COUNTED[shape] = sum(leaf.size * leaf.dtype.itemsize for leaf in leaves if hasattr(leaf, "dtype"))
    return _COUNTED[shape]
