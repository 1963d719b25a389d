"""Databases and folders that a user may not write or read."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from database_files import files

UNPRIVILEGED = """
import os, sys
from pathlib import Path
import pydantic, sqlalchemy.dialects.sqlite, icl_cli.store.sqlite.migration
from icl_cli.errors import IclError
from icl_cli.store import Database, list_runs
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    with Database.open(Path(sys.argv[1]), mode=sys.argv[2]) as database:
        print(len(list_runs(database)), "runs")
except IclError as error:
    print(type(error).__name__, error)
"""


def as_a_mere_user(path: Path, mode: str) -> str:
    """What a process that mode bits bind says; root gives up its privileges first."""
    command = [sys.executable, "-W", "error", "-c", UNPRIVILEGED, path, mode]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if "PermissionError" in outcome.stderr and "os.set" in outcome.stderr:
        pytest.skip("this container lets no process give up root")
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.strip()


@pytest.fixture
def read_only(stored) -> Iterator[Path]:
    """A read-only database in a read-only folder that every user can reach; pytest's own folders are private."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "results.db"
        shutil.copy(stored, path)
        path.chmod(0o444)
        folder.chmod(0o555)
        yield path
        folder.chmod(0o755)


def test_read_only_file_in_read_only_folder_is_read(read_only):
    listed = files(read_only.parent)
    assert as_a_mere_user(read_only, "read") == "1 runs"
    assert files(read_only.parent) == listed


def test_writable_file_in_read_only_folder_is_read(read_only):
    read_only.chmod(0o666)
    assert as_a_mere_user(read_only, "read") == "1 runs"


@pytest.mark.parametrize("mode", ["create", "write"])
def test_read_only_database_is_not_written(read_only, mode):
    before = read_only.read_bytes()
    assert "or its folder is read-only. Make both writable" in as_a_mere_user(read_only, mode)
    assert read_only.read_bytes() == before


def test_read_only_folder(read_only):
    message = as_a_mere_user(read_only.with_name("another.db"), "create")
    assert message.startswith("StoreError Cannot make")
    assert "is read-only" in message


def test_unreadable_file(read_only):
    read_only.chmod(0o000)
    assert "may not be read by this user" in as_a_mere_user(read_only, "read")
