"""Where the database file lies: on a local disk with room, that locks and can be written?"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from icl_cli.doctor.finding import Finding, note, ok, problem
from icl_cli.doctor.place import Place
from icl_cli.doctor.sizes import readable_size
from icl_cli.errors import UsageError
from icl_cli.store.sqlite.file_systems import network_file_system
from icl_cli.store.target import is_url

LITTLE_ROOM, NO_ROOM = 2 * 10**9, 100 * 10**6
SECONDS_TO_LOCK = 10.0
# SQLite's kind of lock, which a process never sees of itself: whether it holds, only another can tell.
TRY_LOCK = """
import fcntl, sys
with open(sys.argv[1], "rb+") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("locked")
    else:
        print("free")
"""


def check_file_system(place: Place) -> Iterator[Finding]:
    """Whether the file is on a network, where SQLite is not written, and may be written at all."""
    folder = _folder(place.target)
    if folder is None:
        return
    kind = network_file_system(_file(place.target))
    if kind is not None:
        yield problem(
            f"{place.target} is on a network file system ({kind}), where results are read and never written",
            f"icl db copy {shlex.quote(place.target)} postgresql://USER@HOST/NAME",
        )
    elif not folder.is_dir():
        yield problem(f"there is no folder {folder}", f"mkdir -p -- {shlex.quote(str(folder))}")
    elif read_only := [
        path for path in (_file(place.target), folder) if path.exists() and not os.access(path, os.W_OK)
    ]:
        yield note(f"{read_only[0]} may only be read by this user", _made_writable(read_only[0]))
    else:
        yield ok("a local file system, which may be written")


def _made_writable(path: Path) -> str:
    """The command after which results can be stored: of a file of one's own on a disk that takes changes, chmod."""
    status = path.stat()
    ours = not hasattr(os, "getuid") or os.getuid() in (status.st_uid, 0)
    fixed = hasattr(os, "statvfs") and os.statvfs(path).f_flag & os.ST_RDONLY
    return f"chmod u+w -- {shlex.quote(str(path))}" if ours and not fixed else "export ICL_DB=IN-A-FOLDER-OF-YOURS.db"


def check_room(place: Place) -> Iterator[Finding]:
    """How much room is left beside the database file."""
    folder = _folder(place.target)
    if folder is None or not folder.is_dir():
        return
    free = shutil.disk_usage(folder).free
    mend = f"icl db prune --dry-run --db {shlex.quote(place.target)}"
    if free < NO_ROOM:
        yield problem(f"{readable_size(free)} left: trainings will stop", mend)
    elif free < LITTLE_ROOM:
        yield note(f"{readable_size(free)} left", mend)
    else:
        yield ok(f"{readable_size(free)} left")


def check_locks(place: Place) -> Iterator[Finding]:
    """Whether a lock of one process keeps another out, tried on a file that is gone afterwards."""
    folder = _folder(place.target)
    if folder is None or not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK) or os.name != "posix":
        return
    if network_file_system(folder) is not None:
        # Nothing is written there, so that nothing is locked.
        return
    hold = _locks_hold(folder)
    if hold is None:
        yield note("whether locks keep other processes out could not be tried: no other process answered")
    elif hold:
        yield ok("locks keep other processes out")
    else:
        yield problem(
            f"locks do not hold in {folder}: two writers would damage a file", "export ICL_DB=ON-A-LOCAL-DISK.db"
        )


def _locks_hold(folder: Path) -> bool | None:
    """Whether another process is kept out; None if none could be started, or it did not answer in time."""
    import fcntl

    with tempfile.NamedTemporaryFile(prefix=".icl-doctor-", dir=folder) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        command = [sys.executable, "-P", "-S", "-c", TRY_LOCK, file.name]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_TO_LOCK, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
    return answer.stdout.strip() == "locked" if answer.returncode == 0 else None


def _file(target: str) -> Path:
    return Path(os.path.realpath(target))


def _folder(target: str) -> Path | None:
    """The folder of a database file, None for one on a server."""
    try:
        return None if is_url(target) else _file(target).parent
    except UsageError:
        # A URL that is not allowed, as the check of the database says.
        return None
