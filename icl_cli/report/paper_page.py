"""The paper on one page: how many claims on each figure hold, the figures beside them, then a table of all claims."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_cli.figure_files import figure_files
from icl_cli.output_places import NewFiles, make_output_folder
from icl_cli.report.claim_rows import ClaimRow, claims_summary
from icl_cli.report.claim_text import SIGNS
from icl_cli.report.drawing import Drawing
from icl_cli.report.export import cannot_write
from icl_cli.report.files import write_figure
from icl_cli.report.formatting import count
from icl_cli.report.page import Picture, picture
from icl_cli.report.paper_figure import drawn_looks
from icl_cli.report.rendering import render, utf8
from icl_cli.report.style import paper_style
from icl_cli.report.write import Written
from icl_cli.sweeps.judgement import Verdict

PAGE = "paper.html"


@dataclass(frozen=True)
class PaperEntry:
    """One figure of the paper, or a sweep of claims alone, which has neither `drawing` nor `missing`.

    **Fields**: `name` is that of its sweep, and the beginning of its files' names; `source` its place in the paper;
    `note` what a reader should know of the settings; `quick` says that the runs are shorter than the paper's;
    `missing` why there is no `drawing`, or the command that would run what it needs.
    """

    name: str
    title: str
    source: str
    note: str
    quick: bool
    drawing: Drawing | None
    missing: str
    claims: Sequence[ClaimRow]


@dataclass(frozen=True)
class PaperSection:
    """An entry with its place on the page and the picture in it, None if it was not drawn."""

    id: str
    entry: PaperEntry
    picture: Picture | None

    @property
    def counts(self) -> list[tuple[Verdict, int]]:
        """How many of its claims have each verdict."""
        verdicts = [claim.verdict for claim in self.entry.claims]
        return [(verdict, verdicts.count(verdict)) for verdict in Verdict]


def write_paper_page(entries: Sequence[PaperEntry], directory: Path) -> Written:
    """Write the page and, beside it, every figure as PDF, SVG and PNG with its numbers as CSV; make `directory`.

    The page holds its pictures and needs no network. Raises `IclError` where a file cannot be written.
    """
    files: list[Path] = []
    try:
        make_output_folder(directory)
        with NewFiles() as outputs:
            with paper_style():
                sections = [_section(entry, stem, directory, files, outputs) for stem, entry in _stems(entries)]
            # Last, so that there is never a page whose files are missing.
            page = directory / PAGE
            outputs.write(page, utf8(render_paper_page(sections)))
    except OSError as error:
        raise cannot_write(directory, error) from error
    return Written(page, tuple(files))


def render_paper_page(sections: Sequence[PaperSection]) -> str:
    """The page as HTML."""
    claims = [claim for section in sections for claim in section.entry.claims]
    return render(
        "paper.html.j2",
        any(section.picture and section.picture.charts for section in sections),
        sections=sections,
        claims=claims,
        heading=_heading([section.entry for section in sections]),
        summary=_summary(sections, claims),
        signs=SIGNS,
    )


def _heading(entries: Sequence[PaperEntry]) -> str:
    """What the page is about: the paper, or sweeps of somebody's own."""
    if any(entry.name in figure_files() for entry in entries):
        return "Transformers learn in-context by gradient descent, reproduced"
    return entries[0].title if len(entries) == 1 else count(len(entries), "sweep")


def _section(entry: PaperEntry, stem: str, directory: Path, files: list[Path], outputs: NewFiles) -> PaperSection:
    # Whatever a sweep is called, its anchor is none of the page's own.
    anchor = f"sweep-{stem}"
    if entry.drawing is None:
        return PaperSection(anchor, entry, None)
    written = write_figure(entry.drawing, stem, directory, outputs)
    files += written.paths.values()
    with drawn_looks(entry.drawing):
        drawn = picture(f"figure-{stem}", entry.title, entry.drawing, written, directory)
    return PaperSection(anchor, entry, drawn)


def file_stem(name: str) -> str:
    """What a sweep's files are called: of its name, which may hold anything, letters and digits alone."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "figure"


def _stems(entries: Sequence[PaperEntry]) -> list[tuple[str, PaperEntry]]:
    """The entries with names that files and anchors can have, each once."""
    stems: list[tuple[str, PaperEntry]] = []
    for entry in entries:
        plain = file_stem(entry.name)
        taken = {stem for stem, _ in stems}
        numbered = (f"{plain}-{number}" for number in range(2, len(entries) + 2))
        stems.append((plain if plain not in taken else next(one for one in numbered if one not in taken), entry))
    return stems


def _summary(sections: Sequence[PaperSection], claims: Sequence[ClaimRow]) -> str:
    """`12 figures, 3 not drawn. Of 20 claims 15 hold, 3 fail and 2 lack data.`"""
    drawn = sum(section.picture is not None for section in sections)
    absent = sum(section.picture is None and bool(section.entry.missing) for section in sections)
    figures = count(drawn + absent, "figure") + (f", {absent} not drawn" if absent else "")
    return f"{figures}. {claims_summary(claims)}" if drawn + absent else claims_summary(claims)
