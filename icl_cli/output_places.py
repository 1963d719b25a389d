"""Where files are made: what a path names is made, but the folder in which it is to be must be there.

A folder that is missing may be a slip in the path, and nobody would look for the files where it leads.
"""

import os
from pathlib import Path

from icl_cli.errors import IclError


def require_folder_of(path: Path, kind: type[IclError] = IclError, otherwise: str = "or give another path") -> None:
    """Raises an error of this `kind` unless the folder in which `path` is to be made exists and may be written."""
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise kind(f"Cannot make {path}: there is no folder {path.parent}. Make it first, {otherwise}.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise kind(f"Cannot make {path}: the folder {path.parent} is read-only. Make it writable, {otherwise}.")


def require_output_folder(folder: Path) -> None:
    """Raises `IclError` unless `folder` is one, or can be made: known before minutes go into what it is to hold."""
    if not folder.exists():
        require_folder_of(folder)
    elif not folder.is_dir():
        raise IclError(f"Cannot write {folder}: it is a file. Choose a folder with --output.")


def make_output_folder(folder: Path) -> None:
    """Make `folder` where it is missing. Raises as `require_output_folder`, and OSError where the disk is full."""
    require_output_folder(folder)
    folder.mkdir(exist_ok=True)
