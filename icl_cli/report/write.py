"""A report: which runs it is on, and all its files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_cli.errors import NothingMatchedError
from icl_cli.output_places import NewFiles, make_output_folder, require_output_folder
from icl_cli.report.claim_rows import SweepClaims
from icl_cli.report.data import Data, Family, load_data
from icl_cli.report.drawing import Drawing
from icl_cli.report.export import cannot_write
from icl_cli.report.figures import FIGURES, OVERVIEWS
from icl_cli.report.file_names import family_stem
from icl_cli.report.files import write_figure
from icl_cli.report.formatting import enumeration
from icl_cli.report.labels import family_titles
from icl_cli.report.learners import spare_looks
from icl_cli.report.page import Picture, Section, picture, render_page, section
from icl_cli.report.rendering import utf8
from icl_cli.report.run_rows import RunsTable, runs_table
from icl_cli.report.sections import SECTIONS
from icl_cli.report.style import paper_style
from icl_cli.store import Database, Run, list_runs, resolve_runs, summaries_named
from icl_cli.sweeps.telling import Tell, tell_nobody

PAGE = "index.html"


@dataclass(frozen=True)
class Written:
    """The page, and every other file of the report in the order of writing."""

    page: Path
    files: tuple[Path, ...]


def runs_to_report(database: Database, references: Sequence[str]) -> list[Run]:
    """The runs that `references` mean, or without any all runs that have ended.

    Raises `NothingMatchedError` unless one of them has ended, and as `resolve_runs`.
    """
    if references:
        found = list({run.id: run for each in references for run in resolve_runs(database, each)}.values())
    else:
        found = list_runs(database)
    ended = [run for run in found if run.status.has_ended]
    if not ended:
        raise _nothing_ended(database, found)
    return found if references else ended


def write_report(
    database: Database,
    runs: Sequence[Run],
    directory: Path,
    sections: int = SECTIONS,
    claims: Sequence[SweepClaims] = (),
    tell: Tell = tell_nobody,
) -> Written:
    """Draw and write everything about `runs` into `directory`, which is made; files of the same name are replaced.

    All runs stand in one table; figures and comparisons are those of the `sections` newest configurations. `claims`
    are stated with their verdicts. `tell` hears what is being drawn. Raises `IclError` where a file cannot be written;
    then every file of before is still there.
    """
    require_output_folder(directory)
    shown = newest_families(runs, sections)
    data = load_data(database, [run for run in runs if run.family in shown])
    table = runs_table(sorted(runs, key=_newest_first), summaries_named(database, "held_out_loss"), shown)
    try:
        with paper_style():
            make_output_folder(directory)
            with NewFiles() as outputs:
                return _Report(data, table, claims, directory, tell, outputs).write()
    except OSError as error:
        raise cannot_write(directory, error) from error


def newest_families(runs: Sequence[Run], most: int) -> list[str]:
    """Of the families of `runs`, the `most` of which a run was begun last."""
    return list(dict.fromkeys(run.family for run in sorted(runs, key=_newest_first)))[:most]


def _newest_first(run: Run) -> tuple[float, int]:
    return -run.created_at.timestamp(), run.seed


class _Report:
    """The files of a report as they come to be."""

    def __init__(
        self,
        data: Data,
        runs: RunsTable,
        claims: Sequence[SweepClaims],
        directory: Path,
        tell: Tell,
        outputs: NewFiles,
    ):
        self.data = data
        self.runs = runs
        self.claims = claims
        self.directory = directory
        self.tell = tell
        self.outputs = outputs
        self.files: list[Path] = []

    def write(self) -> Written:
        with spare_looks(name for family in self.data.families for name in family.baselines):
            overviews = self._overviews()
        sections = []
        for family, title in zip(self.data.families, family_titles(self.data.families), strict=True):
            with spare_looks(family.baselines):
                sections.append(self._section(family, title))
        # Last, so that there is never a page whose files are missing.
        page = self.directory / PAGE
        self.outputs.write(page, utf8(render_page(self.data, self.runs, sections, overviews, self.claims)))
        return Written(page, tuple(self.files))

    def _overviews(self) -> list[Picture]:
        drawn = [(figure, figure.draw(self.data)) for figure in OVERVIEWS]
        return [self._picture(figure.title, drawing, figure.name) for figure, drawing in drawn if drawing is not None]

    def _section(self, family: Family, title: str) -> Section:
        self.tell(f"drawing {title}")
        pictures: list[Picture] = []
        missing = []
        for figure in FIGURES:
            drawing = figure.draw(family) if family.finished else None
            if drawing is None:
                missing.append(figure)
            else:
                pictures.append(self._picture(figure.title, drawing, f"{family_stem(family)}-{figure.name}"))
        return section(family, title, pictures, missing, self.data.source)

    def _picture(self, title: str, drawing: Drawing, stem: str) -> Picture:
        files = write_figure(drawing, stem, self.directory, self.outputs)
        self.files += files.paths.values()
        return picture(f"figure-{stem}", title, drawing, files, self.directory)


def _nothing_ended(database: Database, found: Sequence[Run]) -> NothingMatchedError:
    if not found:
        return NothingMatchedError(f"No run is stored in {database.path} yet. Run `icl train --layers 1` first.")
    counts = Counter(run.status.value for run in found)
    there = enumeration([f"{number} {status}" for status, number in sorted(counts.items())])
    return NothingMatchedError(
        f"No run to report on has ended; there are {there} in {database.path}. "
        "Run the command of one of them again to go on, or `icl train --layers 1`."
    )
