"""What `--db` may say: the path of a SQLite file, or the URL of a PostgreSQL database."""

import os
import re
from pathlib import Path

from icl_cli.errors import UsageError

SEPARATOR = "://"
SCHEMES = ("postgresql", "postgresql+psycopg")
FORM = "postgresql://USER@HOST:PORT/NAME"
# A slip in a URL, and the keywords in which libpq takes a connection, are no path: either may hold a password.
_SLIPS = re.compile(
    r"postgres(ql)?(\+\w+)?(:|%3a|/)|/*[^/]*(:|%3a).*@|(.*\s)?(password|passwd|passfile|host|dbname|user)\s*=",
    re.IGNORECASE | re.DOTALL,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,19}", re.IGNORECASE)


def is_slip(text: str) -> bool:
    """Whether `text`, which is no URL, was meant as one, so that it may hold a password."""
    return _SLIPS.match(text) is not None


def is_url(target: str) -> bool:
    """Whether `target` is the URL of a server, not a path.

    Raises `UsageError` for a URL of any other kind, and where nothing is named.
    """
    if not target:
        raise UsageError("No database named: '' given; allowed are the path of a SQLite file and a PostgreSQL URL.")
    scheme, separator, _ = target.partition(SEPARATOR)
    if separator and scheme in SCHEMES:
        return True
    if not separator and not is_slip(target):
        return False
    # Nothing else of it is repeated: the rest may hold a password.
    begins = f"that begins with {scheme!r}" if separator and _SCHEME.fullmatch(scheme) else "that cannot be read"
    raise UsageError(
        f"A database at a URL {begins} given; allowed are the path of a SQLite file and {FORM}. A password comes "
        "from PGPASSWORD or ~/.pgpass."
    )


def same_target(first: str, second: str) -> bool:
    """Whether both certainly mean the same database: the same file, or the same URL."""
    if is_url(first) or is_url(second):
        return first == second
    return os.path.realpath(Path(first)) == os.path.realpath(Path(second))
