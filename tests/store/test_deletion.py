"""What is deleted can be put back bit by bit, and nothing goes that could not."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from icl_cli.errors import BusyError, NothingMatchedError, StoreError, UnreachableError
from icl_cli.store import (
    Comparison,
    CurvePoint,
    Database,
    Metric,
    RunStatus,
    Summary,
    TunedBaseline,
    baseline_identity,
    check_database,
    copy_runs,
    delete_with_backup,
    finish_run,
    note_runs,
    record_progress,
    release_run,
    store_baseline,
    store_comparisons,
    tag_runs,
)
from icl_cli.store.planning import sweep_identity
from icl_cli.store.schema import METADATA, sweep_runs, sweeps

NOON = datetime(2025, 6, 1, 12, 30, 15, 123456, tzinfo=UTC)
OWNER = {"owner": "here:1"}


@pytest.fixture
def ids(database, claim) -> list[str]:
    """A finished run, an interrupted one and one in training, with everything that runs can have."""
    found = [claim(seed=seed, now=NOON + timedelta(seconds=seed), lease_seconds=1e9).run.id for seed in range(3)]
    gd = TunedBaseline(baseline_identity("gd", {}), "gd", {}, {"rate": [1 / 3]}, float("nan"), float("inf"), NOON)
    store_baseline(database, gd)
    for run_id in found:
        points = [Metric(step, "held_out_loss", value) for step, value in enumerate((0.1, float("nan"), 1e-310))]
        blobs = {"snapshot": bytes(range(256)), "checkpoint": b"\0state\0"}
        times = {"training_seconds": 0.1, "lease_seconds": 1e9}
        record_progress(database, run_id, **OWNER, step=10, metrics=points, **blobs, **times)
        measured = Comparison(run_id, 10, gd.id, "cosine", float("-inf"), float("nan"), 7)
        store_comparisons(database, [measured], [CurvePoint(run_id, 10, "roll-out", gd.id, 0.1, 1 / 3, None)])
    settings = {"step": 20, "training_seconds": 2.5, "summaries": [Summary("held_out_loss", 1 / 3, None)]}
    finish_run(database, found[0], **OWNER, status=RunStatus.FINISHED, error="NUL \0 and more", **settings)
    release_run(database, found[1], **OWNER, error="stopped")
    tag_runs(database, found, add=["paper", "größe"])
    note_runs(database, found, "two\nlines")
    sweep_id = sweep_identity({"name": "depth"})
    with database.write() as connection:
        connection.execute(
            insert(sweeps).values(id=sweep_id, name="depth", content='{"name":"depth"}', created_at=NOON)
        )
        connection.execute(insert(sweep_runs), [{"sweep_id": sweep_id, "run_id": run_id} for run_id in found])
    return found


def content(database: Database, left_out: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Every row of every table as text, in which NaN equals itself; without those of some runs."""
    with database.read() as connection:
        found = {table.name: connection.execute(select(table)).all() for table in METADATA.sorted_tables}
    return {name: sorted(repr(tuple(row)) for row in rows if not {*row} & {*left_out}) for name, rows in found.items()}


def test_what_was_deleted_comes_back_bit_by_bit(database, ids, tmp_path):
    before = content(database)
    assert all(before.values())
    backup = delete_with_backup(database, ids[:2], tmp_path, "results")
    assert backup == tmp_path / "results.deleted.db"
    assert content(database) == content(database, left_out=tuple(ids[:2]))
    kept = content(database)
    assert {name: rows for name, rows in kept.items() if name in ("baselines", "sweeps")} == {
        name: before[name] for name in ("baselines", "sweeps")
    }
    assert len(kept["runs"]) == 1
    with Database.open(backup, mode="read") as source:
        assert check_database(source).problems == ()
        assert copy_runs(source, database).copied == 2
    assert content(database) == before
    assert check_database(database).problems == ()


def test_no_file_is_replaced_and_none_is_left_over(database, ids, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "results.deleted.db").write_text("mine")
    backup = delete_with_backup(database, ids[:1], folder, "results")
    assert backup.name == "results.deleted-2.db"
    assert sorted(file.name for file in folder.iterdir()) == ["results.deleted-2.db", "results.deleted.db"]
    assert (folder / "results.deleted.db").read_text() == "mine"


def test_a_run_in_training_is_refused_with_all_others(database, ids, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    before = content(database)
    with pytest.raises(BusyError, match=r"is being trained by here:1.*Nothing was deleted"):
        delete_with_backup(database, ids, folder, "results")
    assert content(database) == before
    assert list(folder.iterdir()) == []


def test_a_run_that_is_gone_is_told(database, ids, tmp_path):
    before = content(database)
    with pytest.raises(NothingMatchedError, match="no longer"):
        delete_with_backup(database, [ids[0], "f" * 64], tmp_path, "results")
    assert content(database) == before


def test_without_a_place_for_the_file_nothing_is_deleted(database, ids, tmp_path):
    before = content(database)
    with pytest.raises(StoreError, match="there is no folder"):
        delete_with_backup(database, ids[:1], tmp_path / "nowhere", "results")
    assert content(database) == before


def test_a_copy_that_fails_leaves_everything(database, ids, tmp_path, monkeypatch):
    folder = tmp_path / "kept"
    folder.mkdir()
    before = content(database)

    def no_room(*_: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", no_room)
    with pytest.raises(StoreError, match=r"No space left on device\. Nothing was deleted"):
        delete_with_backup(database, ids[:1], folder, "results")
    monkeypatch.undo()
    assert content(database) == before
    assert list(folder.iterdir()) == []


def test_a_name_too_long_for_a_file_deletes_nothing(database, ids, tmp_path):
    before = content(database)
    with pytest.raises(StoreError, match="Nothing was deleted"):
        delete_with_backup(database, ids[:1], tmp_path, "x" * 300)
    assert content(database) == before


class Commit:
    """A writing transaction that fails when it is to be committed; what it wrote is rolled back."""

    def __init__(self, database: Database, error: Exception) -> None:
        self.write, self.error = database.write, error

    @contextmanager
    def __call__(self):
        with self.write() as connection:
            yield connection
            raise self.error


@pytest.mark.parametrize(("error", "is_kept"), [(StoreError("disk is full"), False), (UnreachableError("gone"), True)])
def test_a_commit_that_fails_leaves_no_copy_unless_nobody_knows_whether_it_did(
    database, ids, tmp_path, monkeypatch, error, is_kept
):
    before, folder = content(database), tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setattr(database, "write", Commit(database, error))
    with pytest.raises(type(error), match=str(error)):
        delete_with_backup(database, ids[:1], folder, "results")
    monkeypatch.undo()
    assert content(database) == before
    assert [file.name for file in folder.iterdir()] == ["results.deleted.db"] * is_kept


def test_two_deletions_at_once_have_a_file_each(database, ids, tmp_path, monkeypatch):
    """Between the look for a free name and its use another process takes it."""
    real = Path.touch

    def taken_first(file: Path, *arguments: object, **options: object) -> None:
        if file.name == "results.deleted.db" and not file.exists():
            file.write_text("another's")
        real(file, *arguments, **options)

    monkeypatch.setattr(Path, "touch", taken_first)
    assert delete_with_backup(database, ids[:1], tmp_path, "results").name == "results.deleted-2.db"
    assert (tmp_path / "results.deleted.db").read_text() == "another's"
