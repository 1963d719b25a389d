"""The store under test: every backend that it must work on, and runs to put into it."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from database_files import record

from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.store import Claim, Claimant, Database, claim_run
from icl_cli.store.target import is_url


def sqlite_file(request: pytest.FixtureRequest, folder: Path) -> str:
    return str(folder / "results.db")


def postgresql_database(request: pytest.FixtureRequest, folder: Path) -> str:
    return request.getfixturevalue("postgresql").new_database()


BACKENDS: dict[str, Callable[[pytest.FixtureRequest, Path], str]] = {
    "sqlite": sqlite_file,
    "postgresql": postgresql_database,
}


@pytest.fixture(params=BACKENDS.keys())
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a database of each backend can be made."""
    return BACKENDS[request.param](request, tmp_path)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed database without rows: copying it takes a hundredth of the time that making one does."""
    path = tmp_path_factory.mktemp("empty") / "results.db"
    Database.open(path, mode="create").close()
    return path


@pytest.fixture
def database(target: str, empty_file: Path) -> Iterator[Database]:
    """An empty database of each backend."""
    if not is_url(target):
        shutil.copy(empty_file, target)
    with Database.open(target, mode="create") as opened:
        yield opened


@pytest.fixture
def config_of() -> Callable[..., RunConfig]:
    """Small configurations: `config_of(seed=3, layers=2)`."""

    def make(seed: int = 0, layers: int = 1) -> RunConfig:
        return resolve("paper-code", {"model.layers": layers, "seed": seed}).config

    return make


@pytest.fixture
def claim(database: Database, config_of: Callable[..., RunConfig]) -> Callable[..., Claim]:
    """Claim a run as the owner "here:1" unless told otherwise."""

    def make(seed: int = 0, layers: int = 1, name: str = "first", now: datetime | None = None, **changes) -> Claim:
        claimant = Claimant(**({"owner": "here:1", "provenance": {"host": "here"}, "lease_seconds": 60.0} | changes))
        return claim_run(database, config_of(seed, layers), claimant, name=name, now=now)

    return make


def directly(target: str | Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """What a statement with "?" for its values answers, past the store."""
    if str(target).startswith("postgresql"):
        import psycopg

        connecting: Any = psycopg.connect(str(target))
        statement = statement.replace("%", "%%").replace("?", "%s")
    else:
        connecting = sqlite3.connect(target)
    with closing(connecting) as connection:
        cursor = connection.execute(statement, values)
        rows = cursor.fetchall() if cursor.description else []
        connection.commit()
    return rows


@pytest.fixture
def alter() -> Callable[..., list[tuple[Any, ...]]]:
    """Change a database behind the store's back, or ask it: `alter(database.path, "UPDATE ... ?", value)`."""
    return directly


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.db"


@pytest.fixture
def stored(path, config_of) -> Path:
    """A closed database with one run of 2,000 metrics."""
    with Database.open(path, mode="create") as database:
        run = claim_run(database, config_of(), Claimant("here:1", {}, 60.0), name="first").run
        record(database, run.id, 2000)
    return path
