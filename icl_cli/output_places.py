"""Where files are made, and how: what a path names is made, but the folder in which it is to be must be there.

A folder that is missing may be a slip in the path, and nobody would look for the files where it leads.

A file is written beside its place, under a name that nobody can guess, and renamed once it is whole: where the disk is
full, or a kill comes between, the file of before is still there. No symbolic link is followed, which in a folder that
others can write would choose what is overwritten.
"""

import errno
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

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


class NewFiles:
    """Files that come to their places together, in the order of writing, when the context is left; none after an error.

    What is there under their names is replaced. Raises OSError where the disk is full or a folder is a symbolic link.
    """

    def __init__(self) -> None:
        self._unfinished: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                for path, unfinished in self._unfinished.items():
                    with _named(path):
                        unfinished.replace(path)
        finally:
            for unfinished in self._unfinished.values():
                with suppress(OSError):
                    unfinished.unlink(missing_ok=True)

    def write(self, path: Path, content: bytes) -> None:
        """Write a file that is to be at `path`, whose folder exists."""
        unfinished = path.with_name(f".icl-{secrets.token_hex(8)}.unfinished")
        with _named(path):
            # O_EXCL refuses whatever is there, also a symbolic link. The mode is what the user's umask leaves of it.
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            self._unfinished[path] = unfinished
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                # Some file systems say only now that the disk is full, and some rename before they write.
                os.fsync(descriptor)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors of the system are about `path`, not about the name that its file has until it is whole."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def write_files(contents: Mapping[Path, bytes]) -> None:
    """Write all of these files, or none; the folders exist. Raises as `NewFiles`."""
    with NewFiles() as files:
        for path, content in contents.items():
            files.write(path, content)


def make_subfolder(folder: Path) -> None:
    """Make a folder for outputs within another. Raises OSError if it is a symbolic link, which might lead anywhere."""
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link, which is not followed", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
