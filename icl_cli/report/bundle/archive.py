"""A folder as a zip archive: the same bytes for the same files, and under its name only once it is whole."""

import os
import tempfile
import zipfile
from pathlib import Path
from shutil import copyfileobj

from icl_cli.errors import IclError, UsageError
from icl_cli.output_places import require_folder_of
from icl_cli.report.bundle.limits import excess

# The earliest moment that a zip archive can tell: when a file was written is nobody's business here.
MOMENT = (1980, 1, 1, 0, 0, 0)
UNIX, REGULAR_FILE = 3, 0o100644
# The level is written down, so that another default of another Python changes no byte.
LEVEL = 6
COPY_BYTES = 2**20


def require_target(file: Path, *, replace: bool) -> None:
    """Raises `UsageError` where something is that may not be replaced, `IclError` where no file can be made."""
    if file.is_dir():
        raise UsageError(f"{file} is a folder. Give the path of a file, such as {file / 'results.zip'}.")
    if file.suffix.lower() != ".zip":
        raise UsageError(f"{file} given for an archive, whose name ends in .zip. Call it {file.name}.zip.")
    if file.exists() and not replace:
        raise UsageError(f"{file} exists and was left as it is. Give --force to replace it, or another path.")
    require_folder_of(file)


def write_archive(folder: Path, name: str, file: Path, *, replace: bool) -> None:
    """Pack every file below `folder` into an archive at `file`, in which the folder is called `name`.

    Raises as `require_target`, `IclError` for more than `icl import` takes, and OSError where the disk is full.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in paths)
    require_importable(file, len(paths), size)
    with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.absolute().parent) as workplace:
        unfinished = Path(workplace) / file.name
        with zipfile.ZipFile(unfinished, "x", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
            for path in paths:
                _add(archive, path, f"{name}/{path.relative_to(folder).as_posix()}")
        require_importable(file, len(paths), size, unfinished.stat().st_size)
        _flush(unfinished)
        # Asked again: somebody may have made one while this was drawn.
        require_target(file, replace=replace)
        unfinished.replace(file)


def require_importable(file: Path, files: int, size: int, packed: int | None = None) -> None:
    """Raises `IclError` if `icl import` would refuse an archive of so many files and bytes, as `excess` says."""
    if problem := excess(files, size, packed):
        raise IclError(
            f"{file} was not made, because `icl import` would refuse it: {problem}. Name fewer runs, or take them from "
            "a smaller copy of the database: `icl runs thin`."
        )


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    entry = zipfile.ZipInfo(name, MOMENT)
    entry.create_system = UNIX
    entry.external_attr = REGULAR_FILE << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    # Known beforehand, it decides whether the archive needs the longer records for files above 2 GiB.
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as target:
        copyfileobj(source, target, COPY_BYTES)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
