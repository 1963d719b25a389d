"""What a worker says while it trains a run, kept in a file of that run beside the database."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from platformdirs import user_state_path

from icl_cli.store.database import Database
from icl_cli.store.ownership import current_owner, readable_owner
from icl_cli.store.records import Run

STDOUT, STDERR = 1, 2
FOLDER_DIGITS = 16
# A log is read from its end; no more than this is.
MOST_BYTES = 64 * 1024


def log_folder(database: Database) -> Path:
    """Where the logs of the runs in `database` are, on this machine: beside a file, for a server with the user."""
    if database.is_file:
        return Path(f"{database.path}.logs")
    return user_state_path("icl") / "logs" / hashlib.sha256(database.path.encode()).hexdigest()[:FOLDER_DIGITS]


def log_path(database: Database, run: Run) -> Path:
    """The log of a run. Ids are hexadecimal digits, so that no name leads elsewhere."""
    return log_folder(database) / f"{run.id}.log"


def _opened_to_append(path: Path) -> BinaryIO:
    """The file at `path`, made if it is missing. Raises OSError if it is a symbolic link, which might lead anywhere."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666), "ab")


def read_log(database: Database, run: Run) -> str:
    """The end of a run's log, empty if there is none on this machine."""
    try:
        with log_path(database, run).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MOST_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


@contextmanager
def logged(database: Database, run: Run) -> Iterator[None]:
    """Append everything that this process prints to the log of `run`, also what libraries print past Python."""
    path = log_path(database, run)
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    kept = os.dup(STDOUT), os.dup(STDERR)
    try:
        with _opened_to_append(path) as file:
            for stream in (STDOUT, STDERR):
                os.dup2(file.fileno(), stream)
        now = datetime.now(UTC)
        print(f"--- attempt {run.attempt}, {now:%Y-%m-%d %H:%M:%S} UTC, {readable_owner(current_owner())}")  # noqa: T201
        sys.stdout.flush()
        yield
    finally:
        sys.stdout.flush()
        for saved, stream in zip(kept, (STDOUT, STDERR), strict=True):
            os.dup2(saved, stream)
            os.close(saved)
