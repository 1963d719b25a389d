"""One process runs a sweep on a database, by a lock of the kernel: it ends with the process, however that ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from icl_cli.errors import IclError, SweepLockedError
from icl_cli.store import Database
from icl_cli.store.run_log import log_folder


@contextmanager
def sweep_lock(database: Database, sweep_id: str, wait_seconds: float) -> Iterator[None]:
    """Hold the lock of the sweep. Raises `SweepLockedError` if another process keeps it longer than `wait_seconds`."""
    folder = log_folder(database)
    path = folder / f"{sweep_id}.lock"
    lock = FileLock(path, timeout=wait_seconds)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise SweepLockedError(
            f"Another process runs this sweep on {database.path}. Wait for it (--wait SECONDS), help it (--join), "
            "or leave quietly (--skip-if-locked)."
        ) from error
    except OSError as error:
        raise IclError(f"Cannot lock {path}: {error.strerror or error}. Make its folder writable.") from error
    try:
        yield
    finally:
        lock.release()
