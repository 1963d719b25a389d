"""What the errors of SQLite mean for the user, each in one line."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from icl_cli.errors import BusyError, FullDiskError, IclError, StoreError
from icl_cli.store.wording import ANOTHER, RENAME

_EXPLANATIONS: dict[int, tuple[type[IclError], str]] = {
    sqlite3.SQLITE_BUSY: (
        BusyError,
        "{name} is locked by another process ({detail}). Wait until it is done and run the same command again.",
    ),
    sqlite3.SQLITE_READONLY: (
        StoreError,
        "{name} cannot be written ({detail}). Make the file and its folder writable, {another}.",
    ),
    sqlite3.SQLITE_IOERR: (
        StoreError,
        "The disk failed at {name} ({detail}). Check disk and quota, then run the same command again.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        StoreError,
        "{name} is damaged ({detail}). Restore a copy, or save what can be read with `sqlite3 {name} .recover`.",
    ),
    sqlite3.SQLITE_FULL: (
        FullDiskError,
        "No space left for {name} ({detail}). Nothing stored was lost: free space, then run the same command again.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreError,
        "{name} cannot be opened ({detail}). Check the permissions of the file and its folder, {another}.",
    ),
    sqlite3.SQLITE_NOTADB: (
        StoreError,
        "{name} is not an SQLite database and was left as it is. {rename}",
    ),
    sqlite3.SQLITE_CONSTRAINT: (
        StoreError,
        "{name} refused a row ({detail}): the run or baseline that it belongs to is not stored, or a key is missing.",
    ),
}
_UNEXPECTED = (StoreError, "{name} gave an unexpected answer ({detail}). Restore a copy of it, {another}.")


def explain(error: DBAPIError | sqlite3.Error, name: str) -> IclError:
    """What an error of SQLite means for the user, in one line."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    # The low byte is the kind of error, the others say more of it. Errors of the sqlite3 module itself have no code.
    code = sqlite3.SQLITE_FULL if lacks_room(origin) else getattr(origin, "sqlite_errorcode", 0) & 0xFF
    kind, text = _EXPLANATIONS.get(code, _UNEXPECTED)
    return kind(text.format(name=name, detail=" ".join(str(origin).split()), another=ANOTHER, rename=RENAME))


def lacks_room(error: BaseException | None) -> bool:
    """Whether the disk has no room, if only for the log's index, which every process that opens the file needs."""
    return getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
