"""What `--db` may say: the path of a SQLite file, or the URL of a PostgreSQL database."""

import os
from pathlib import Path

from icl_cli.errors import UsageError

SEPARATOR = "://"
SCHEMES = ("postgresql", "postgresql+psycopg")


def is_url(target: str) -> bool:
    """Whether `target` is the URL of a server, not a path.

    Raises `UsageError` for a URL of any other kind, and where nothing is named.
    """
    if not target:
        raise UsageError("No database named: '' given; allowed are the path of a SQLite file and a PostgreSQL URL.")
    scheme, separator, _ = target.partition(SEPARATOR)
    if not separator:
        return False
    if scheme not in SCHEMES:
        # The rest of it may hold a password.
        raise UsageError(
            f"A database at a URL that begins with {scheme[:20]!r} given; allowed are the path of a SQLite file and "
            "postgresql://USER@HOST:PORT/NAME."
        )
    return True


def same_target(first: str, second: str) -> bool:
    """Whether both certainly mean the same database: the same file, or the same URL."""
    if is_url(first) or is_url(second):
        return first == second
    return os.path.realpath(Path(first)) == os.path.realpath(Path(second))
