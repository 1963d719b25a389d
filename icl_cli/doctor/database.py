"""The database of `--db`: can it be opened, is it whole, how do its runs stand, and what lies beside it?"""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icl_cli.doctor.finding import Finding, Level, note, ok, problem
from icl_cli.doctor.place import Place
from icl_cli.doctor.sizes import readable_size
from icl_cli.errors import IclError, NothingMatchedError, UnreachableError, UsageError
from icl_cli.store import RunStatus, current_owner, list_runs, seems_lost
from icl_cli.store.target import is_url
from icl_cli.store.vital_signs import quick_faults

# Pages are read at some hundred MB a second.
MOST_BYTES_TO_CHECK = 500 * 10**6
# Clocks of machines that are set by the network differ by less.
CLOCKS_DIFFER = timedelta(seconds=60)
SET_CLOCK = "timedatectl set-ntp true"
NO_RUN = "no run yet"


def check_database(place: Place) -> Iterator[Finding]:
    """Whether it can be opened, and if so its size and schema."""
    if place.error is not None:
        yield _unopened(place.target, place.error)
    elif place.database is not None and place.signs is not None:
        signs = place.signs
        kind = f"PostgreSQL {signs.server}" if signs.server else f"SQLite file, journal mode {signs.journal}"
        yield ok(f"{place.database.path}: {kind}, {readable_size(signs.size)}, schema {signs.revision}")
        if signs.journal not in (None, "wal"):
            yield note("readers and writers make each other wait", f"icl db upgrade{_flag(place)}")


def check_integrity(place: Place) -> Iterator[Finding]:
    """Whether SQLite finds the pages of the file whole."""
    if place.database is None or place.signs is None:
        return
    if not place.database.is_file:
        yield ok("left to the server")
    elif place.signs.size > MOST_BYTES_TO_CHECK:
        size = readable_size(place.signs.size)
        yield ok(f"not looked at, because {size} take a while: icl db check{_flag(place)}")
    elif faults := quick_faults(place.database):
        yield problem(f"{place.target} is damaged: {faults[0]}", _rescue(place.target))
    else:
        yield ok("the pages of the file are whole")


def check_runs(place: Place) -> Iterator[Finding]:
    """How many runs there are of each status, and which of them were lost."""
    if place.database is None or place.signs is None:
        return
    counts = place.signs.counts
    text = ", ".join(f"{counts[status]} {status.value}" for status in RunStatus if counts.get(status))
    yield ok(text or NO_RUN)
    owner, now = current_owner(), datetime.now(UTC)
    lost = [run for run in list_runs(place.database, status=RunStatus.RUNNING) if seems_lost(run, owner, now)]
    if lost:
        names = ", ".join(run.short_id for run in lost[:3]) + (", ..." if len(lost) > 3 else "")
        yield note(
            f"{len(lost)} lost, as their processes died: {names}. Once they are given up, their commands go on",
            f"icl db init{_flag(place)}",
        )


def check_copies(place: Place) -> Iterator[Finding]:
    """Copies that upgrades of the schema left beside the file, once the file itself can be read."""
    if place.signs is None or is_url(place.target):
        return
    file = Path(place.target)
    pattern = re.compile(re.escape(f"{file.stem}.before-") + r"\d{4}(-\d+)?\.(db|unfinished)")
    copies = sorted(path for path in file.parent.iterdir() if pattern.fullmatch(path.name))
    if not copies:
        yield ok("no copy of an upgrade is left")
        return
    size = readable_size(sum(path.stat().st_size for path in copies))
    are = "copy of the data before an upgrade takes" if len(copies) == 1 else "copies of the data before upgrades take"
    words = " ".join(shlex.quote(str(path)) for path in copies)
    yield note(f"{len(copies)} {are} {size}; without need of them, remove them", f"rm -- {words}")


def check_clock(place: Place) -> Iterator[Finding]:
    """Whether this machine's clock fits what the database has seen, and its server's clock."""
    now, signs = datetime.now(UTC), place.signs
    if signs is not None and signs.now is not None and abs(now - signs.now) > CLOCKS_DIFFER:
        seconds = abs(now - signs.now).total_seconds()
        yield note(f"the clocks of this machine and of the server differ by {seconds:.0f} s", SET_CLOCK)
    elif signs is not None and signs.latest is not None and signs.latest - now > CLOCKS_DIFFER:
        yield note(f"the clock says {now:%Y-%m-%d %H:%M} UTC, before the last run was stored", SET_CLOCK)
    else:
        yield ok(f"{now:%Y-%m-%d %H:%M} UTC")


def first_sentence(error: IclError) -> str:
    """What is wrong, without what to do next, which has a place of its own."""
    return re.split(r"(?<=[\w)\]'\"])\. ", str(error))[0].rstrip(".")


def _unopened(target: str, error: IclError) -> Finding:
    """Why the database cannot be opened, and what helps."""
    text, quoted = first_sentence(error), shlex.quote(target)
    if isinstance(error, NothingMatchedError):
        return note(f"{text}; the first run makes it", f"icl train --layers 1 --db {quoted}")
    if isinstance(error, UnreachableError):
        return problem(text, f"pg_isready --dbname {quoted}")
    if isinstance(error, UsageError):
        # Whole, and without the URL: it may hold a password.
        return problem(str(error), "icl doctor --db postgresql://USER@HOST:PORT/NAME")
    mends = {
        "is empty": (Level.NOTE, f"icl train --layers 1 --db {quoted}"),
        "older than": (Level.PROBLEM, f"icl db upgrade --db {quoted}"),
        "newer than": (Level.PROBLEM, "pip install --upgrade icl-cli"),
        "needs psycopg": (Level.PROBLEM, 'pip install "icl-cli[postgres]"'),
        "is damaged": (Level.PROBLEM, _rescue(target)),
        "not an SQLite database": (Level.PROBLEM, f"file -- {quoted}"),
        "may not be read": (Level.PROBLEM, f"chmod u+rw -- {quoted}"),
        "There is no database": (Level.PROBLEM, "createdb -h HOST NAME"),
    }
    found = [mend for words, mend in mends.items() if words in str(error)]
    level, mend = found[0] if found else (Level.PROBLEM, "icl doctor --db ANOTHER.db")
    return Finding(level, text, mend)


def _rescue(target: str) -> str:
    if is_url(target):
        return f"icl db check --db {shlex.quote(target)}"
    return f"sqlite3 {shlex.quote(target)} .recover | sqlite3 rescued.db"


def _flag(place: Place) -> str:
    return f" --db {shlex.quote(place.target)}"
