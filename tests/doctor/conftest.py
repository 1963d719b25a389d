"""What a check says of a place."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from icl_cli.doctor.finding import Finding
from icl_cli.doctor.place import Place
from icl_cli.doctor.registry import CHECKS
from icl_cli.store import Database, back_up

EXAMPLE = Path(__file__).parent.parent.parent / "results.db.example"
Found = Callable[..., list[Finding]]


@pytest.fixture
def found(tmp_path: Path) -> Found:
    """The findings of the check of this name, on a database that need not be there."""

    def examine(name: str, target: object = tmp_path / "results.db") -> list[Finding]:
        with Place(str(target)) as place:
            return list(CHECKS[name](place))

    return examine


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A database of 71 finished runs."""
    shutil.copy(EXAMPLE, tmp_path / "example.db")
    with Database.open(tmp_path / "example.db", mode="write") as database:
        back_up(database, tmp_path / "results.db")
    for path in tmp_path.glob("example.db*"):
        path.unlink()
    return tmp_path / "results.db"


@pytest.fixture
def alter() -> Callable[..., None]:
    """Change a database file behind the store's back."""

    def change(path: Path, statement: str, *values: object) -> None:
        with closing(connect(path)) as connection, connection:
            connection.execute(statement, values)

    return change


@pytest.fixture
def only() -> Callable[[list[Finding]], Finding]:
    """The one finding that there is."""

    def take(findings: list[Finding]) -> Finding:
        (finding,) = findings
        return finding

    return take
