"""The sweep files that come with `icl`: one for each figure of the paper."""

import re
from pathlib import Path

from icl_cli.errors import unknown_name
from icl_cli.figure_files import figure_files
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.sweeps.sweep_reading import read_sweep


def paper_sweeps() -> list[Sweep]:
    """The sweeps of all figures, in the paper's order."""
    return [read_sweep(path) for path in figure_files().values()]


def sweep_path(name: str) -> Path:
    """Where the sweep file lies that `name` means. Raises `UsageError` for an unknown figure."""
    if name.endswith(".toml"):
        return Path(name)
    files = figure_files()
    spelt = re.fullmatch(r"(?:fig(?:ure)?[-_ ]?)?0*(\d+)([a-z]?)", name.lower())
    found = f"fig{int(spelt[1]):02}{spelt[2]}" if spelt else name
    if found not in files:
        explained_by = f"Give one of the paper, {min(files)} to {max(files)}, or a sweep file, which ends in .toml."
        raise unknown_name("figure", name, files, explained_by)
    return files[found]
