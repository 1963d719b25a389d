"""Where the sweep files of the paper's figures lie."""

from collections.abc import Mapping
from pathlib import Path

_PACKAGE = Path(__file__).parent


def figure_files() -> Mapping[str, Path]:
    """Paths by name, in the paper's order: in an installed package they lie inside it, in a checkout beside it."""
    inside = _PACKAGE / "paper"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "sweeps" / "paper"
    return {path.stem: path for path in sorted(folder.glob("fig*.toml"))}
