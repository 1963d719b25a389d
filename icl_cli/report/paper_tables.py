"""The list of figures: what each shows, what the database has of it, and how long the rest may take."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from icl_cli.report.formatting import duration
from icl_cli.report.json_records import FigureRecord
from icl_cli.sweeps.reproduction import Outlook
from icl_cli.sweeps.sweep_file import Sweep

SECONDS_PER_MINUTE = 60


def outlook_table(sweeps: Sequence[Sweep], outlooks: Mapping[str, Outlook]) -> Table:
    """A line a figure; runs that several figures share are counted in each."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Figure", no_wrap=True)
    table.add_column("Shows", ratio=1)
    table.add_column("Runs there", justify="right", no_wrap=True)
    table.add_column("Training left", justify="right", no_wrap=True)
    for sweep in sweeps:
        outlook = outlooks[sweep.name]
        table.add_row(Text(sweep.name), Text(sweep.title), f"{outlook.done} of {outlook.total}", _left(outlook))
    table.caption, table.caption_justify = (
        "Times on two cores like those that the file was timed on, or on this machine's.",
        "left",
    )
    return table


def outlook_record(sweep: Sweep, outlook: Outlook) -> FigureRecord:
    """The same line as JSON content; minutes of training."""
    return {
        "figure": sweep.name,
        "title": sweep.title,
        "source": sweep.source,
        "runs_finished": outlook.done,
        "runs": outlook.total,
        "training_minutes_left": outlook.minutes,
    }


def _left(outlook: Outlook) -> str:
    if outlook.done == outlook.total:
        return "–"
    return "?" if outlook.minutes is None else f"≈ {duration(outlook.minutes * SECONDS_PER_MINUTE)}"
