"""All baselines by name. A new one is one file beside this one and one line here."""

from collections.abc import Mapping

from icl_cli.baselines.baseline import Baseline
from icl_cli.baselines.gd_plus_plus import GD_PLUS_PLUS, GD_PLUS_PLUS_PER_STEP
from icl_cli.baselines.gradient_descent import GD, GD_PER_STEP
from icl_cli.baselines.ridge import LEAST_SQUARES, RIDGE
from icl_cli.errors import unknown_name

_ALL = (
    GD,
    GD_PER_STEP,
    GD_PLUS_PLUS,
    GD_PLUS_PLUS_PER_STEP,
    LEAST_SQUARES,
    RIDGE,
)

BASELINES: Mapping[str, Baseline] = {baseline.name: baseline for baseline in _ALL}


def get_baseline(name: str) -> Baseline:
    """The baseline called `name`. Raises `UsageError` with the list of all for any other name."""
    if name not in BASELINES:
        raise unknown_name("baseline", name, BASELINES)
    return BASELINES[name]
