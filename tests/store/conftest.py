"""The store under test: every backend that it must work on, and runs to put into it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from sqlite3 import connect

import pytest

from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.store import Claim, Claimant, Database, claim_run


def sqlite_database(folder: Path) -> Database:
    return Database.open(folder / "results.db", mode="create")


BACKENDS: dict[str, Callable[[Path], Database]] = {
    "sqlite": sqlite_database,
}


@pytest.fixture(params=BACKENDS.values(), ids=BACKENDS.keys())
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each backend."""
    with request.param(tmp_path) as opened:
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


@pytest.fixture
def alter() -> Callable[..., None]:
    """Change a SQLite file behind the store's back."""

    def make(path: Path, statement: str, *values: object) -> None:
        with closing(connect(path)) as connection, connection:
            connection.execute(statement, values)

    return make
