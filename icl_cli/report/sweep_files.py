"""Sweep files that a command is given: read, and refused before anything is done if they ask for what there is not."""

from collections.abc import Sequence

from icl_cli.errors import told_of
from icl_cli.report.paper_figure import check_figure
from icl_cli.sweeps.catalogue import paper_sweeps, sweep_path
from icl_cli.sweeps.reproduction import require_reproducible
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.sweeps.sweep_reading import read_sweep


def sweeps_called(names: Sequence[str], quick: bool) -> dict[str, Sweep]:
    """Each sweep that `names` mean by what it was called: figures ("fig3a", "fig03a", "3a") or paths of sweep files.

    Without names those of the whole paper. Raises `UsageError` naming the figure that there is not, or the file and in
    it the runs, the claim or the panel that cannot be made.
    """
    return {name: checked_sweep(name, quick) for name in names} or {sweep.name: sweep for sweep in paper_sweeps()}


def checked_sweep(name: str, quick: bool) -> Sweep:
    """The same for one `name`."""
    path = sweep_path(name)
    sweep = read_sweep(path)
    with told_of(str(path)):
        require_reproducible(sweep, quick)
        check_figure(sweep.figure)
    return sweep
