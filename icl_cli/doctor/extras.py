"""What only some need: PostgreSQL, Ray."""

import importlib.metadata
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from icl_cli.doctor.finding import Finding, note, ok, problem
from icl_cli.doctor.place import Place
from icl_cli.store.target import is_url

EXTRAS = {
    "psycopg": ("a PostgreSQL database", "icl-cli[postgres]"),
    "ray": ("sweeps on many machines", "icl-cli[ray]"),
}
OTHERS_MAY = 0o077


def check_extras(place: Place) -> Iterator[Finding]:  # noqa: ARG001
    """Optional libraries: their versions, or what they would be for."""
    for name, (purpose, extra) in EXTRAS.items():
        try:
            yield ok(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            yield ok(f"{name} is not installed; only {purpose} needs it: pip install '{extra}'")


def check_passwords(place: Place) -> Iterator[Finding]:
    """Whether others could read the passwords of databases, in which case libpq passes over the file."""
    try:
        path = Path(os.environ.get("PGPASSFILE") or Path.home() / ".pgpass")
        mode = path.stat().st_mode
    # A user may have no home.
    except (OSError, RuntimeError):
        yield ok("no password file, which only PostgreSQL would need")
        return
    if mode & OTHERS_MAY:
        worse = problem if is_url(place.target) else note
        yield worse(
            f"Others may read {path}, so that PostgreSQL does not use it", f"chmod 600 {shlex.quote(str(path))}"
        )
    else:
        yield ok(f"{path} is this user's alone")
