"""All kinds of panels that a sweep file may name. A new one is one file beside this one and one line here."""

from collections.abc import Mapping

from icl_cli.report.panels.alignment import ALIGNMENT, COSINES
from icl_cli.report.panels.attention import ATTENTION
from icl_cli.report.panels.condition import CONDITION
from icl_cli.report.panels.copying import COPYING
from icl_cli.report.panels.critical_damping import CRITICAL_DAMPING
from icl_cli.report.panels.curvature_map import CURVATURE_MAP
from icl_cli.report.panels.curvature_rates import CURVATURE_RATES
from icl_cli.report.panels.eigenvalues import EIGENVALUES
from icl_cli.report.panels.function import FUNCTION
from icl_cli.report.panels.heads import HEADS
from icl_cli.report.panels.interpolation import INTERPOLATION
from icl_cli.report.panels.loss import LOSS
from icl_cli.report.panels.loss_by_seed import LOSS_BY_SEED
from icl_cli.report.panels.losses import LOSSES
from icl_cli.report.panels.onset import ONSET
from icl_cli.report.panels.panel import Panel
from icl_cli.report.panels.roll_out import ROLL_OUT
from icl_cli.report.panels.shift import SHIFT
from icl_cli.report.panels.sizes import SIZES
from icl_cli.report.panels.weights import WEIGHTS

_ALL = (
    LOSS,
    LOSS_BY_SEED,
    ALIGNMENT,
    COSINES,
    LOSSES,
    SHIFT,
    ROLL_OUT,
    INTERPOLATION,
    SIZES,
    WEIGHTS,
    HEADS,
    COPYING,
    ATTENTION,
    CURVATURE_MAP,
    CONDITION,
    EIGENVALUES,
    CURVATURE_RATES,
    CRITICAL_DAMPING,
    FUNCTION,
    ONSET,
)

PANELS: Mapping[str, Panel] = {panel.name: panel for panel in _ALL}
