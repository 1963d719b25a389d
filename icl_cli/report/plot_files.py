"""Where the files of a plot go, and what they are called."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from icl_cli.errors import UsageError, unknown_name
from icl_cli.output_places import require_folder_of, require_output_folder, write_files
from icl_cli.report.data import Family
from icl_cli.report.drawing import Drawing
from icl_cli.report.export import cannot_write
from icl_cli.report.file_names import runs_stem
from icl_cli.report.files import METADATA, csv_of, rendered_figure
from icl_cli.report.plot_kinds import PlotKind
from icl_cli.sweeps.figure_spec import Option

FORMATS = tuple(METADATA)


def read_formats(text: str) -> list[str]:
    """The formats in `pdf,svg`, each once. Raises `UsageError` for one that is not in `FORMATS`, and for none."""
    formats = list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    if not formats:
        raise UsageError(f"--format: none given; allowed are {', '.join(FORMATS)}, parted by commas.")
    for each in formats:
        if each not in FORMATS:
            raise unknown_name("format", each, FORMATS)
    return formats


def plot_paths(output: Path, stem: str, formats: Sequence[str] | None) -> dict[str, Path]:
    """The path of each format: files called `stem` in the folder `output`, or `output` itself if it is a file's name.

    Raises `UsageError` for a file's name of no known format, or of another than the one asked for, and `IclError`
    where neither can be made.
    """
    if output.is_dir() or not output.suffix:
        require_output_folder(output)
        return {kind: output / f"{stem}.{kind}" for kind in formats or FORMATS}
    kind = output.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise UsageError(
            f"--output: {output} given; a file must end with .{', .'.join(FORMATS)}, a folder without a dot."
        )
    if formats is not None and list(formats) != [kind]:
        raise UsageError(f"--format: {','.join(formats)} given for the file {output}. Give one of the two.")
    require_folder_of(output)
    return {kind: output}


def plot_stem(
    kind: PlotKind,
    families: Sequence[Family],
    options: Mapping[str, Option],
    scale: str | None,
    columns: int | None,
    seeds: int,
) -> str:
    """`shift-teacher-looped-3-seeds-1a2b3c4d`: the kind, what was chosen, and which runs.

    `seeds` are those that are drawn, which are said of one configuration alone.
    """
    chosen = [*([scale] if scale else []), *([f"{columns}-columns"] if columns and columns > 1 else [])]
    words = [word for name, value in options.items() if name != kind.name for word in (name, _text(value))]
    own = [_text(options[kind.name])] if kind.name in options else []
    choices = _slug("-".join([kind.name, *own, *words, *chosen]))
    return f"{choices}-{runs_stem(families, seeds)}"


def write_plot(drawing: Drawing, paths: Mapping[str, Path], data: bool) -> list[Path]:
    """Write the plot in each format and, with `data`, its numbers as CSV beside the first; their folder is made.

    Files of the same name are replaced. Raises `IclError` where a file cannot be written.
    """
    contents = {paths[kind]: content for kind, content in rendered_figure(drawing.figure, list(paths)).items()}
    if data:
        contents[next(iter(paths.values())).with_suffix(".csv")] = csv_of(drawing)
    folder = next(iter(contents)).parent
    try:
        folder.mkdir(exist_ok=True)
        write_files(contents)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return list(contents)


def _text(value: Option) -> str:
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower().replace("++", "pp")).strip("-")
