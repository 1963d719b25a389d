"""Giving a file that is whole the first name that is free."""

from itertools import count
from pathlib import Path


def moved_to_free_name(file: Path, folder: Path, stem: str) -> Path:
    """Move a file to STEM.db, STEM-2.db, … in `folder`, the first that is free, and stays so: others may look too."""
    names = (folder / f"{stem}{'' if number == 1 else f'-{number}'}.db" for number in count(1))
    return file.replace(next(name for name in names if _made(name)))


def _made(file: Path) -> bool:
    try:
        file.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
