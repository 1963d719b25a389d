"""What the errors of PostgreSQL mean for the user, each in one line.

A server that refuses a connection says why in words alone: libpq hands on no code. The words are looked for in English,
and what is not recognised counts as unreachable, which is worth another try.
"""

import re

from sqlalchemy.exc import DBAPIError

from icl_cli.errors import BusyError, FullDiskError, IclError, StoreError, UnreachableError
from icl_cli.store.wording import ANOTHER

Explanation = tuple[type[IclError], str]

_UNREACHABLE: Explanation = (
    UnreachableError,
    "{name} cannot be reached ({detail}). Check that the server runs and that host and port are right, then run the "
    "same command again.",
)
_LOST: Explanation = (
    UnreachableError,
    "The connection to {name} was lost ({detail}). What was committed is kept: run the same command again.",
)
_REFUSED: Explanation = (
    StoreError,
    "{name} let nobody in ({detail}). Check the user, and set PGPASSWORD or write the password to ~/.pgpass.",
)
_FORBIDDEN: Explanation = (
    StoreError,
    "{name} does not permit that ({detail}). Ask its owner for the right to create and write tables there, {another}.",
)
_BUSY: Explanation = (
    BusyError,
    "{name} is locked by another process ({detail}). Wait until it is done and run the same command again.",
)
_ROW: Explanation = (
    StoreError,
    "{name} refused a row ({detail}): the run or baseline that it belongs to is not stored, or a key is missing.",
)
_UNKNOWN_DATABASE: Explanation = (
    StoreError,
    "There is no database {name} ({detail}). Make it with PostgreSQL's `createdb`, {another}.",
)
_UNEXPECTED: Explanation = (StoreError, "{name} gave an unexpected answer ({detail}). Restore a copy of it, {another}.")

_AT_CONNECTING: tuple[tuple[str, Explanation], ...] = (
    (r'database ".*" does not exist', _UNKNOWN_DATABASE),
    (r'password|authentication|role ".*" does not exist|pg_hba\.conf|not permitted to log in|certificate', _REFUSED),
    (r"permission denied for database", _FORBIDDEN),
    (r"invalid (connection option|URI|port|sslmode)|invalid .* value", _UNEXPECTED),
)
# By the beginning of the code that the server sends (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_BY_CODE: dict[str, Explanation] = {
    "08": _LOST,
    "57P": _LOST,
    "53300": _UNREACHABLE,
    "28": _REFUSED,
    "3D000": _UNKNOWN_DATABASE,
    "3F000": _FORBIDDEN,
    "42501": _FORBIDDEN,
    "40": _BUSY,
    "55P03": _BUSY,
    "23": _ROW,
    "22": (StoreError, "{name} refused a value ({detail}). Nothing of it was stored."),
    "25006": (
        StoreError,
        "{name} cannot be written ({detail}). Name the server that others copy, not a copy, {another}.",
    ),
    "53100": (
        FullDiskError,
        "No space left for {name} ({detail}). Nothing stored was lost: free space, then run the same command again.",
    ),
    "53200": (StoreError, "The server of {name} is out of memory ({detail}). Run the same command again later."),
    "58": (
        StoreError,
        "The disk failed at {name} ({detail}). Check the server's disk, then run the same command again.",
    ),
    "XX": (StoreError, "{name} is damaged ({detail}). Restore a copy of it, {another}."),
}


def explain(error: DBAPIError, name: str) -> IclError:
    """What an error of psycopg means for the user, in one line."""
    origin = error.orig
    diagnosis = getattr(origin, "diag", None)
    detail = " ".join((getattr(diagnosis, "message_primary", None) or str(origin)).split())
    kind, text = _explanation(error, getattr(origin, "sqlstate", None), detail)
    return kind(text.format(name=name, detail=detail, another=ANOTHER))


def _explanation(error: DBAPIError, code: str | None, detail: str) -> Explanation:
    if code is not None:
        known = [explanation for beginning, explanation in _BY_CODE.items() if code.startswith(beginning)]
        return known[0] if known else _UNEXPECTED
    if error.connection_invalidated:
        return _LOST
    # Of errors without a code only those of connections are worth another try; psycopg raises others by itself.
    if type(error.orig).__name__ not in ("OperationalError", "ConnectionTimeout"):
        return _UNEXPECTED
    said = [explanation for words, explanation in _AT_CONNECTING if re.search(words, detail)]
    return said[0] if said else _UNREACHABLE
