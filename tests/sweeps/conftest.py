"""A database and a run small enough to train in a second."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from icl_cli.store import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "results.db", mode="create") as opened:
        yield opened
