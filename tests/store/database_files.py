"""Database files under test: filling one, being refused one, and what lies beside it."""

from pathlib import Path

import pytest

from icl_cli.errors import IclError, StoreError
from icl_cli.store import Database, Metric, record_progress

MODES = ("create", "write", "read")
EXISTING = ("write", "read")


def record(database: Database, run_id: str, count: int, name: str = "loss") -> None:
    record_progress(
        database,
        run_id,
        owner="here:1",
        step=count,
        metrics=[Metric(step, name, 0.1 * step) for step in range(count)],
        snapshot=None,
        checkpoint=None,
        training_seconds=1.0,
        lease_seconds=60.0,
    )


def refused(path: Path, mode, kind: type[IclError] = StoreError, **settings) -> str:
    """The message with which opening is refused: one line that names the path as given."""
    with pytest.raises(kind) as raised:
        Database.open(path, mode=mode, **settings).close()
    message = str(raised.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())
