"""A database that is deleted, moved or replaced under a training: it fails, and a file keeps what it had done."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import Silent, recorded, small_config

from icl_cli.errors import ReplacedFileError, StoreError
from icl_cli.store import (
    Claimant,
    Database,
    RunStatus,
    check_database,
    claim_run,
    current_owner,
    get_run,
    list_runs,
    release_run,
)
from icl_cli.sweeps import recorder as recording
from icl_cli.sweeps import run_experiment
from icl_cli.sweeps.heartbeat import Heartbeat

CONFIG = small_config()


class Disturbs(Silent):
    """A listener that does something to the database once, when the run is at `step` or later."""

    def __init__(self, step: int, action: Callable[[], object]) -> None:
        super().__init__()
        self.step, self.action, self.done = step, action, False

    def stepped(self, step: int, loss: float) -> None:
        super().stepped(step, loss)
        if step >= self.step and not self.done:
            self.done = True
            self.action()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A database with the run that the tests disturb elsewhere, and another one."""
    path = tmp_path_factory.mktemp("undisturbed") / "results.db"
    with Database.open(path, mode="create") as database:
        run_experiment(database, CONFIG, "small", Silent())
        run_experiment(database, small_config({"seed": 1}), "other", Silent())
    return path


def _replace(path: Path, whole: Path) -> None:
    shutil.copy(whole, path.with_name("incoming"))
    path.with_name("incoming").replace(path)


ACTIONS: dict[str, Callable[[Path, Path], object]] = {
    "deleted": lambda path, whole: path.unlink(),
    "moved": lambda path, whole: path.rename(path.with_name("moved.db")),
    "replaced": _replace,
}


def _train_disturbed(path: Path, monkeypatch, step: int, action: Callable[[], object]) -> tuple[StoreError, Path]:
    """Train `CONFIG` in a new database and disturb it; the error and the file that it names."""
    monkeypatch.setattr(recording, "KEEP_SECONDS", 0.0)
    with Database.open(path, mode="create") as database, pytest.raises(StoreError) as raised:
        run_experiment(database, CONFIG, "small", Disturbs(step, action))
    (named,) = re.findall(r"in memory is in (\S+\.db):", str(raised.value))
    return raised.value, Path(named)


@pytest.mark.parametrize("step", [10, 40])
@pytest.mark.parametrize("fate", ACTIONS)
def test_a_training_fails_and_goes_on_from_the_file_that_it_leaves(tmp_path, monkeypatch, undisturbed, fate, step):
    path = tmp_path / "results.db"
    error, kept = _train_disturbed(path, monkeypatch, step, lambda: ACTIONS[fate](path, undisturbed))
    assert isinstance(error, ReplacedFileError)
    assert fate in str(error)
    assert kept == tmp_path / "results.rescued.db"
    with Database.open(kept, mode="write") as database:
        run = get_run(database, CONFIG.identity)
        assert run.status is RunStatus.INTERRUPTED
        assert run.step >= step
        assert run_experiment(database, CONFIG, "small", Silent()).run.status is RunStatus.FINISHED
    assert recorded(kept)[CONFIG.identity] == recorded(undisturbed)[CONFIG.identity]


@pytest.mark.parametrize(("fate", "name", "runs"), [("moved", "moved.db", 1), ("replaced", "results.db", 2)])
def test_the_file_that_was_put_elsewhere_and_the_one_in_its_place_are_whole(
    tmp_path, monkeypatch, undisturbed, fate, name, runs
):
    path = tmp_path / "results.db"
    _train_disturbed(path, monkeypatch, 10, lambda: ACTIONS[fate](path, undisturbed))
    with Database.open(tmp_path / name, mode="read") as database:
        assert check_database(database).problems == ()
        assert len(list_runs(database)) == runs


@pytest.mark.parametrize("damage", [lambda path: None, lambda path: path.write_bytes(bytes(path.stat().st_size))])
def test_what_is_in_memory_is_kept_where_the_database_takes_nothing_more(tmp_path, monkeypatch, damage):
    path, record = tmp_path / "results.db", recording.record_progress

    def refuse(database, *arguments, **named):
        if database.path == str(path):
            raise StoreError("The database takes nothing more.")
        record(database, *arguments, **named)

    def disturb() -> None:
        damage(path)
        monkeypatch.setattr(recording, "record_progress", refuse)

    error, kept = _train_disturbed(path, monkeypatch, 10, disturb)
    assert "takes nothing more" in str(error)
    with Database.open(kept, mode="write") as database:
        assert check_database(database).problems == ()
        assert get_run(database, CONFIG.identity).step >= 10
        assert run_experiment(database, CONFIG, "small", Silent()).run.status is RunStatus.FINISHED


def test_a_second_file_that_is_left_gets_another_name(tmp_path, monkeypatch):
    for name in ("results.rescued.db", "results.rescued-2.db"):
        _, kept = _train_disturbed(tmp_path / "results.db", monkeypatch, 10, (tmp_path / "results.db").unlink)
        assert kept.name == name


def _ask_for_ten_seconds(heartbeat: Heartbeat) -> None:
    for _ in range(500):
        heartbeat.require_owned()
        time.sleep(0.02)


def test_the_heartbeat_notices_while_nothing_is_recorded(database):
    run = claim_run(database, CONFIG, Claimant(current_owner()), name="small").run
    with Heartbeat(database, [run], seconds=0.01) as heartbeat:
        heartbeat.require_owned()
        Path(database.path).unlink()
        with pytest.raises(ReplacedFileError, match="deleted or moved"):
            _ask_for_ten_seconds(heartbeat)


def test_what_is_committed_to_a_file_that_is_gone_is_told(database):
    run = claim_run(database, CONFIG, Claimant(current_owner()), name="small").run
    with pytest.raises(ReplacedFileError), database.write():
        Path(database.path).unlink()
    with pytest.raises(ReplacedFileError):
        release_run(database, run.id, owner=current_owner())
    with pytest.raises(ReplacedFileError):
        list_runs(database)
