"""The program, Python and the libraries: which versions, and whether they fit each other."""

import importlib.metadata
import platform
import sqlite3
from collections.abc import Iterator

from packaging.requirements import Requirement

import icl_cli
from icl_cli.doctor.finding import Finding, ok, problem
from icl_cli.doctor.place import Place

DISTRIBUTION = "icl-cli"
SHOWN = ("jax", "jaxlib", "equinox", "optax", "numpy", "scipy", "sqlalchemy")
# The first with VACUUM INTO, by which copies are made.
OLDEST_SQLITE = (3, 27, 0)


def check_program(place: Place) -> Iterator[Finding]:  # noqa: ARG001
    """Which `icl`, on which Python."""
    yield ok(f"icl {icl_cli.__version__}, Python {platform.python_version()} on {platform.system()}")


def check_libraries(place: Place) -> Iterator[Finding]:  # noqa: ARG001
    """The versions of what computes, and every library that is missing or of a version that does not fit."""
    there = {name: _version(name) for name in SHOWN}
    yield ok(", ".join(f"{name} {version}" for name, version in there.items() if version))
    for owner in (DISTRIBUTION, "jax"):
        for requirement in _requirements(owner):
            version = _version(requirement.name)
            if version is None:
                yield problem(f"{owner} needs {requirement}, which is not installed", f"pip install '{requirement}'")
            elif not requirement.specifier.contains(version, prereleases=True):
                yield problem(f"{owner} needs {requirement}; {version} is installed", f"pip install '{requirement}'")


def check_sqlite(place: Place) -> Iterator[Finding]:  # noqa: ARG001
    """The SQLite library that Python brings."""
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        yield problem(f"SQLite {version} is older than {oldest}, which copies need", "conda install 'sqlite>=3.27'")
    else:
        yield ok(f"SQLite {version}")


def _requirements(owner: str) -> list[Requirement]:
    """What `owner` always needs; nothing is known of a program that runs from a folder without being installed."""
    try:
        texts = importlib.metadata.requires(owner) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = [Requirement(text) for text in texts]
    return [each for each in found if each.marker is None or each.marker.evaluate({"extra": ""})]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
