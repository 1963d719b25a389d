"""The runs that a report on the paper's figures rests on."""

from collections.abc import Mapping

from icl_cli.errors import NothingMatchedError
from icl_cli.report.formatting import shell_command
from icl_cli.store import Database, Run
from icl_cli.sweeps.sweep_data import sweep_runs
from icl_cli.sweeps.sweep_file import Sweep


def paper_runs(database: Database, sweeps: Mapping[str, Sweep], quick: bool) -> list[Run]:
    """Every run of these sweeps that has ended, once.

    They come by what `icl reproduce` takes for each. Raises `NothingMatchedError` if there is none.
    """
    found = [
        run
        for sweep in sweeps.values()
        for points in sweep_runs(database, sweep, quick).values()
        for point in points
        for run in point.runs
        if run.status.has_ended
    ]
    if not found:
        first = shell_command("icl", "reproduce", next(iter(sweeps)), *(["--quick"] if quick else []))
        raise NothingMatchedError(f"No run of these figures in {database.path} has ended. Run `{first}` first.")
    return list({run.id: run for run in found}.values())
