"""The sweep files that come with `icl`: one for each figure of the paper."""

import re
from collections.abc import Sequence
from pathlib import Path

import icl_cli
from icl_cli.errors import unknown_name
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.sweeps.sweep_reading import read_sweep

_PACKAGE = Path(icl_cli.__file__).parent


def paper_sweeps() -> list[Sweep]:
    """The sweeps of all figures, in the paper's order."""
    return [read_sweep(path) for path in _files().values()]


def find_sweeps(names: Sequence[str]) -> list[Sweep]:
    """The sweeps that `names` mean: figures ("fig3a", "fig03a", "3a") or paths of sweep files.

    Raises `UsageError` for an unknown figure, and as `read_sweep`.
    """
    return [read_sweep(_path(name)) for name in names]


def _path(name: str) -> Path:
    if name.endswith(".toml"):
        return Path(name)
    files = _files()
    spelt = re.fullmatch(r"(?:fig(?:ure)?[-_ ]?)?0*(\d+)([a-z]?)", name.lower())
    found = f"fig{int(spelt[1]):02}{spelt[2]}" if spelt else name
    if found not in files:
        raise unknown_name("figure", name, [*files, "FILE.toml"])
    return files[found]


def _files() -> dict[str, Path]:
    """Paths by name: in an installed package they lie inside it, in a checkout beside it."""
    inside = _PACKAGE / "paper"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "sweeps" / "paper"
    return {path.stem: path for path in sorted(folder.glob("fig*.toml"))}
