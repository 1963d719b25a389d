"""Figures and their numbers as files: SVG, PDF, PNG and CSV, the same bytes for the same numbers."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from icl_cli.output_places import NewFiles, make_subfolder
from icl_cli.report.drawing import Drawing

# What each format would otherwise say about the moment and the program, which differs from day to day.
METADATA: Mapping[str, dict[str, Any]] = {
    "svg": dict.fromkeys(("Date", "Creator", "Format", "Type")),
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
    "png": {"Software": None},
}


@dataclass(frozen=True)
class FigureFiles:
    """Where a figure was written, and the SVG itself for the page."""

    svg: bytes
    paths: Mapping[str, Path]


def write_figure(drawing: Drawing, stem: str, directory: Path, outputs: NewFiles | None = None) -> FigureFiles:
    """Write figures/`stem`.svg, .pdf and .png, and data/`stem`.csv, below `directory`.

    They come to their places together with the other files of `outputs`; without it, at once.
    """
    rendered = rendered_figure(drawing.figure, list(METADATA))
    contents = {**rendered, "csv": csv_of(drawing)}
    paths = {kind: directory / ("data" if kind == "csv" else "figures") / f"{stem}.{kind}" for kind in contents}
    for folder in dict.fromkeys(path.parent for path in paths.values()):
        make_subfolder(folder)
    with nullcontext(outputs) if outputs else NewFiles() as files:
        for kind, content in contents.items():
            files.write(paths[kind], content)
    return FigureFiles(rendered["svg"], paths)


def rendered_figure(figure: Figure, formats: Sequence[str]) -> dict[str, bytes]:
    """The figure in each of `formats`, which are keys of `METADATA`."""
    _settle(figure)
    return {kind: _rendered(figure, kind) for kind in formats}


def csv_of(drawing: Drawing) -> bytes:
    """Exactly the numbers that the figure shows."""
    return drawing.numbers.to_csv(index=False).encode()


def _settle(figure: Figure) -> None:
    """Let the parts of the figure make room for each other here, not again for each format."""
    if engine := figure.get_layout_engine():
        # Tick labels change with the room that they leave; the second time nothing moves any more.
        engine.execute(figure)
        engine.execute(figure)
    figure.set_layout_engine(None)
    # How many ticks there is room for can tip from one format's resolution to another's.
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_locator(), MaxNLocator):
            axis.set_major_locator(FixedLocator(list(axis.get_majorticklocs())))


def _rendered(figure: Figure, kind: str) -> bytes:
    content = BytesIO()
    figure.savefig(content, format=kind, metadata=METADATA[kind])
    return content.getvalue()
