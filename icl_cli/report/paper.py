"""Figures of sweeps, as the paper lays them out, with their claims: as files, and all on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_cli.output_places import make_output_folder, require_output_folder
from icl_cli.report.claim_rows import claim_row
from icl_cli.report.data import Family, load_data
from icl_cli.report.drawing import Drawing
from icl_cli.report.export import cannot_write
from icl_cli.report.files import write_figure
from icl_cli.report.formatting import shell_command
from icl_cli.report.paper_figure import draw_paper_figure
from icl_cli.report.paper_page import PaperEntry, file_stem, write_paper_page
from icl_cli.report.style import paper_style
from icl_cli.report.write import Written
from icl_cli.store import Database
from icl_cli.sweeps.judgement import Judgement
from icl_cli.sweeps.measures import RunNumbers
from icl_cli.sweeps.sweep_data import judge_sweep, sweep_runs
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.sweeps.telling import Tell, tell_nobody


@dataclass(frozen=True)
class Drawn:
    """A sweep's figure and claims: `drawing` is None where nothing of it has finished, and of a file without panels."""

    sweep: Sweep
    drawing: Drawing | None
    judgements: Sequence[Judgement]
    files: tuple[Path, ...] = ()


def draw_sweep(database: Database, sweep: Sweep, quick: bool, directory: Path) -> Drawn:
    """Draw the figure of `sweep` and write it, with its data, below `directory`; judge its claims.

    Raises `IclError` where a file cannot be written.
    """
    try:
        with paper_style():
            drawn = _draw(database, sweep, quick, {})
            if drawn.drawing is None:
                return drawn
            make_output_folder(directory)
            files = write_figure(drawn.drawing, file_stem(_name(sweep, quick)), directory)
    except OSError as error:
        raise cannot_write(directory, error) from error
    return Drawn(sweep, drawn.drawing, drawn.judgements, tuple(files.paths.values()))


def write_paper(
    database: Database, sweeps: Mapping[str, Sweep], quick: bool, directory: Path, tell: Tell = tell_nobody
) -> Written:
    """One page of all figures of `sweeps` above their claims, and their files, below `directory`.

    They come by what `icl reproduce` takes for each: a figure's name, or the path of a sweep file. `tell` hears
    what is being drawn. Raises `IclError` where a file cannot be written.
    """
    require_output_folder(directory)
    known: dict[str, RunNumbers] = {}
    with paper_style():
        entries = []
        for called, sweep in sweeps.items():
            tell(f"drawing {sweep.name}")
            entries.append(_entry(_draw(database, sweep, quick, known), called, quick, str(database.path)))
    return write_paper_page(entries, directory)


def _draw(database: Database, sweep: Sweep, quick: bool, known: dict[str, RunNumbers]) -> Drawn:
    judgements = judge_sweep(database, sweep, quick, known)
    families = _families(database, sweep, quick)
    runs = {one.label: one for one in sweep.runs}
    has_any = sweep.figure.panels and any(families.values())
    drawing = draw_paper_figure(sweep.figure, families, runs) if has_any else None
    return Drawn(sweep, drawing, judgements)


def _families(database: Database, sweep: Sweep, quick: bool) -> dict[str, list[Family]]:
    """The finished runs of each label, one family for each configuration."""
    return {
        label: [family for one in points if one.finished for family in load_data(database, one.finished).families]
        for label, points in sweep_runs(database, sweep, quick).items()
    }


def _entry(drawn: Drawn, called: str, quick: bool, source: str) -> PaperEntry:
    command = ("icl", "reproduce", called, *(["--quick"] if quick else []), "--db", source)
    return PaperEntry(
        name=drawn.sweep.name,
        title=drawn.sweep.title,
        source=drawn.sweep.source,
        note=drawn.sweep.note,
        quick=quick,
        drawing=drawn.drawing,
        missing="" if drawn.drawing is not None or not drawn.sweep.figure.panels else shell_command(*command),
        claims=[claim_row(one) for one in drawn.judgements],
    )


def _name(sweep: Sweep, quick: bool) -> str:
    return f"{sweep.name}-quick" if quick else sweep.name
