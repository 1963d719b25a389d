"""Where a run's numbers came from: code, versions, device, host and command, as plain text."""

import importlib.metadata
import logging
import platform
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import jax

import icl_cli
from icl_cli.numerics import compiler_flags

logger = logging.getLogger(__name__)

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
    """The commit that the code is at and whether it was changed since.

    "none" outside a checkout; "unknown" inside one that git does not read, as where another user owns it, and then a
    warning says why.
    """
    if not any((parent / ".git").exists() for parent in folder.parents):
        return "none", "unknown"
    commit, fault = _git(folder, "rev-parse", "HEAD")
    if fault:
        logger.warning("The commit of the code is not recorded with the run: %s", fault)
        return "unknown", "unknown"
    # An installed package may lie inside somebody else's checkout; only tracked code has that commit.
    tracked, _ = _git(folder, "ls-files", "--error-unmatch", "config.py")
    if not tracked:
        return "none", "unknown"
    changed, _ = _git(folder, "status", "--porcelain", "--untracked-files=no", ".")
    return commit, "yes" if changed else "no"


def _git(folder: Path, *arguments: str) -> tuple[str, str]:
    """What git answers, and in one line why it does not; one of both is empty unless git has nothing to say."""
    try:
        result = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"git does not run ({error})."
    if result.returncode != 0:
        return "", " ".join(result.stderr.split()) or f"git ended with {result.returncode}."
    return result.stdout.strip(), ""
