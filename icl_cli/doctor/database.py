"""The database of `--db`: can it be opened, is it whole, how do its runs stand, and what lies beside it?"""

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icl_cli.doctor.finding import Finding, Level, note, ok, problem
from icl_cli.doctor.sizes import readable_size
from icl_cli.errors import IclError, NothingMatchedError, StoreError, UnreachableError
from icl_cli.store import Database, RunStatus, current_owner, list_runs, seems_lost
from icl_cli.store.target import is_url
from icl_cli.store.vital_signs import quick_faults, vital_signs

# Long enough for a writer that is about to finish.
BUSY_SECONDS = 2.0
# Pages are read at some hundred MB a second.
MOST_BYTES_TO_CHECK = 500 * 10**6
# Clocks of machines that are set by the network differ by less.
CLOCK_SECONDS = 60.0


def check_database(database: str) -> Iterator[Finding]:
    """Whether it can be opened, and if so its size and schema."""
    try:
        with _opened(database) as opened:
            signs = vital_signs(opened)
    except IclError as error:
        yield _unopened(database, error)
        return
    kind = f"PostgreSQL {signs.server}" if signs.server else f"SQLite file, journal mode {signs.journal}"
    yield ok(f"{opened.path}: {kind}, {readable_size(signs.size)}, schema {signs.revision}")
    if signs.journal is not None and signs.journal != "wal":
        yield note("readers and writers wait for each other until a command writes", f"icl db upgrade{_flag(database)}")


def check_integrity(database: str) -> Iterator[Finding]:
    """Whether SQLite finds the pages of the file whole."""
    with _if_readable(database) as opened:
        if opened is None:
            return
        if not opened.is_file:
            yield ok("left to the server")
        elif (size := vital_signs(opened).size) > MOST_BYTES_TO_CHECK:
            yield ok(f"not looked at, because {readable_size(size)} take a while: icl db check{_flag(database)}")
        elif faults := quick_faults(opened):
            yield problem(f"{opened.path} is damaged: {faults[0]}", _rescue(database))
        else:
            yield ok("the pages of the file are whole")


def check_runs(database: str) -> Iterator[Finding]:
    """How many runs there are of each status, and which of them were lost."""
    with _if_readable(database) as opened:
        if opened is None:
            return
        counts = vital_signs(opened).counts
        text = ", ".join(f"{counts[status]} {status.value}" for status in RunStatus if counts.get(status))
        yield ok(text or "no run yet")
        owner, now = current_owner(), datetime.now(UTC)
        lost = [run for run in list_runs(opened, status=RunStatus.RUNNING) if seems_lost(run, owner, now)]
        if lost:
            names = ", ".join(run.short_id for run in lost[:3]) + (", ..." if len(lost) > 3 else "")
            yield note(
                f"{len(lost)} lost, their processes died: {names}. Once they are given up, their commands go on",
                f"icl db init{_flag(database)}",
            )


def check_copies(database: str) -> Iterator[Finding]:
    """Copies that upgrades of the schema left beside the file, once the file itself is whole."""
    with _if_readable(database) as opened:
        if opened is None or not opened.is_file:
            return
    file = Path(database)
    pattern = re.compile(re.escape(f"{file.stem}.before-") + r"\d{4}(-\d+)?\.(db|unfinished)")
    copies = sorted(path for path in file.parent.iterdir() if pattern.fullmatch(path.name))
    if not copies:
        yield ok("no copy of an upgrade is left")
        return
    size = readable_size(sum(path.stat().st_size for path in copies))
    are = "copy of an upgrade takes" if len(copies) == 1 else "copies of upgrades take"
    words = " ".join(shlex.quote(str(path)) for path in copies)
    yield note(f"{len(copies)} {are} {size}; {file.name} has all that is in them", f"rm -- {words}")


def check_clock(database: str) -> Iterator[Finding]:
    """Whether this machine's clock fits what the database has seen, and its server's clock."""
    now = datetime.now(UTC)
    with _if_readable(database) as opened:
        signs = None if opened is None else vital_signs(opened)
    if signs is not None and signs.now is not None and abs(now - signs.now) > timedelta(seconds=CLOCK_SECONDS):
        seconds = abs(now - signs.now).total_seconds()
        yield note(
            f"the clocks of this machine and of the server differ by {seconds:.0f} s", "timedatectl set-ntp true"
        )
    elif signs is not None and signs.latest is not None and signs.latest - now > timedelta(seconds=CLOCK_SECONDS):
        yield note(
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, before the last run was stored", "timedatectl set-ntp true"
        )
    else:
        yield ok(f"{now:%Y-%m-%d %H:%M} UTC")


def _opened(database: str) -> Database:
    return Database.open(database, mode="read", busy_seconds=BUSY_SECONDS)


@contextmanager
def _if_readable(database: str) -> Iterator[Database | None]:
    """The open database; None where `check_database` has already said why it cannot be opened."""
    try:
        opened = _opened(database)
    except IclError:
        yield None
        return
    with opened:
        yield opened


def _unopened(database: str, error: IclError) -> Finding:
    """Why the database cannot be opened, and what helps."""
    text = str(error).split(". ")[0].rstrip(".")
    if isinstance(error, NothingMatchedError):
        return note(f"{text}; it is made by the first run", f"icl train --layers 1{_flag(database)}")
    if isinstance(error, UnreachableError):
        return problem(text, f"pg_isready --dbname {shlex.quote(database)}")
    if not isinstance(error, StoreError):
        return problem(text, "export PGPASSWORD; icl doctor --db postgresql://USER@HOST/NAME")
    mends = {
        "is empty": (Level.NOTE, f"icl train --layers 1{_flag(database)}"),
        "older than": (Level.PROBLEM, f"icl db upgrade{_flag(database)}"),
        "newer than": (Level.PROBLEM, "pip install --upgrade icl-cli"),
        "needs psycopg": (Level.PROBLEM, 'pip install "icl-cli[postgres]"'),
        "is damaged": (Level.PROBLEM, _rescue(database)),
        "not an SQLite database": (Level.PROBLEM, f"file {shlex.quote(database)}"),
        "may not be read": (Level.PROBLEM, f"chmod u+rw {shlex.quote(database)}"),
        "no database": (Level.PROBLEM, "createdb -h HOST NAME"),
    }
    found = [mend for words, mend in mends.items() if words in str(error)]
    level, mend = found[0] if found else (Level.PROBLEM, "icl doctor --db ANOTHER.db")
    return Finding(level, text, mend)


def _rescue(database: str) -> str:
    if is_url(database):
        return f"icl db check{_flag(database)}"
    return f"sqlite3 {shlex.quote(database)} .recover | sqlite3 rescued.db"


def _flag(database: str) -> str:
    return f" --db {shlex.quote(database)}"
