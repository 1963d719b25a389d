"""Sweep files that a command is given: read, and refused before anything is done if they ask for what there is not."""

from collections.abc import Sequence

from icl_cli.errors import told_of
from icl_cli.report.paper_figure import check_figure
from icl_cli.sweeps.catalogue import sweep_path
from icl_cli.sweeps.reproduction import require_reproducible
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.sweeps.sweep_reading import read_sweep


def checked_sweeps(names: Sequence[str], quick: bool) -> list[Sweep]:
    """The sweeps that `names` mean, as `find_sweeps`; their runs, claims and panels can all be made.

    Raises `UsageError` naming the file, and in it the runs, the claim or the panel.
    """
    sweeps: list[Sweep] = []
    for path in map(sweep_path, names):
        sweep = read_sweep(path)
        with told_of(str(path)):
            require_reproducible(sweep, quick)
            check_figure(sweep.figure)
        sweeps.append(sweep)
    return sweeps
