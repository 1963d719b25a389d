"""The runs that a report on the paper's figures rests on."""

from collections.abc import Sequence

from icl_cli.errors import NothingMatchedError
from icl_cli.store import Database, Run
from icl_cli.sweeps.sweep_data import sweep_runs
from icl_cli.sweeps.sweep_file import Sweep


def paper_runs(database: Database, sweeps: Sequence[Sweep], quick: bool) -> list[Run]:
    """Every run of these sweeps that has ended, once. Raises `NothingMatchedError` if there is none."""
    found = [
        run
        for sweep in sweeps
        for points in sweep_runs(database, sweep, quick).values()
        for point in points
        for run in point.runs
        if run.status.has_ended
    ]
    if not found:
        raise NothingMatchedError(
            f"No run of these figures in {database.path} has ended. Run `icl reproduce {sweeps[0].name}` first."
        )
    return list({run.id: run for run in found}.values())
