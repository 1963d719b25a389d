"""Where a run's numbers came from: code, versions, device, host and command, as plain text."""

import importlib.metadata
import platform
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import jax

import icl_cli
from icl_cli.numerics import compiler_flags

LIBRARIES = ("jax", "jaxlib", "equinox", "optax", "numpy", "scipy")


def provenance() -> dict[str, str]:
    """What to store beside a run so that its numbers can be traced and computed again."""
    commit, dirty = _git_state(Path(icl_cli.__file__).parent)
    device = jax.devices()[0]
    return {
        "icl": icl_cli.__version__,
        "git_commit": commit,
        "git_dirty": dirty,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
        "platform": platform.platform(),
        "host": platform.node(),
        "device": f"{device.platform}: {device.device_kind}, {jax.device_count()} in all",
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        **({"xla_flags": compiler_flags()} if compiler_flags() else {}),
    }


@cache
def _git_state(folder: Path) -> tuple[str, str]:
    """The commit that the code is at and whether it was changed since; "none" outside a checkout."""
    commit = _git(folder, "rev-parse", "HEAD")
    # An installed package may lie inside somebody else's checkout; only tracked code has that commit.
    tracked = _git(folder, "ls-files", "--error-unmatch", "config.py")
    if not commit or not tracked:
        return "none", "unknown"
    return commit, "yes" if _git(folder, "status", "--porcelain", "--untracked-files=no", ".") else "no"


def _git(folder: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""
