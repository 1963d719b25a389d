"""Sweeps as cron starts them: worker processes, locks, kills and restarts."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from small_runs import SMALL_SWEEP, recorded

from icl_cli.cli.sweep_work import ATTEMPTS
from icl_cli.store import (
    MOST_ATTEMPTS,
    Claimant,
    Database,
    RunStatus,
    claim_waiting,
    current_owner,
    list_runs,
    list_sweep_runs,
    list_sweeps,
)
from icl_cli.sweeps.sweep_lock import sweep_lock
from icl_cli.sweeps.sweep_reading import read_sweep
from icl_cli.sweeps.sweep_run import enrol_sweep

# Long enough to be killed in the middle.
LONG = SMALL_SWEEP.replace("steps = 60", "steps = 20000").replace("points = 6", "points = 40").replace('["gd"]', "[]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "short.toml").write_text(SMALL_SWEEP)
    (tmp_path / "long.toml").write_text(LONG)
    return tmp_path


def test_workers_are_as_patient_as_the_store():
    assert ATTEMPTS == MOST_ATTEMPTS


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "icl_cli", *words]


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*words), cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def runs_of(folder: Path, name: str = "results.db"):
    with Database.open(folder / name, mode="read") as database:
        return list_runs(database)


def wait_for(condition, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_training(folder: Path) -> bool:
    """Whether some run is being trained and has stored a step."""
    if not (folder / "results.db").exists():
        return False
    try:
        return any(run.status is RunStatus.RUNNING and run.step > 0 for run in runs_of(folder))
    except Exception:
        # The database is just being made.
        return False


def test_a_sweep_trains_compares_and_says_so_and_again_does_nothing(icl, folder):
    first = icl("sweep", "run", "short.toml", "--jobs", "2")
    assert first.code == 0, first.err
    assert "2 of 2 runs finished." in first.err
    assert sum("finished in" in line for line in first.err.splitlines()) == 2
    assert "Next: icl report" in first.err
    assert max(map(len, first.err.splitlines())) <= 100
    attempts = {run.id: run.attempt for run in runs_of(folder)}
    again = icl("sweep", "run", "short.toml")
    assert again.code == 0
    assert "finished in" not in again.err
    assert {run.id: run.attempt for run in runs_of(folder)} == attempts
    status = icl("sweep", "status")
    assert "2 of 2 runs finished" in status.out
    assert max(map(len, status.out.splitlines())) <= 80
    (record,) = json.loads(icl("sweep", "status", "short", "--json").out)["data"]
    assert (record["name"], record["runs"], record["counts"]["finished"]) == ("short", 2, 2)
    log = icl("runs", "show", runs_of(folder)[0].short_id, "--log")
    assert "--- attempt 1" in log.out
    assert "starts; 60 steps." in log.out


def test_runs_that_were_deleted_are_missed(icl, folder):
    with Database.open(folder / "results.db", mode="create") as database:
        enrol_sweep(database, read_sweep(folder / "short.toml"), quick=False)
    assert icl("runs", "delete", runs_of(folder)[0].short_id, "--yes").code == 0
    status = icl("sweep", "status")
    assert "0 of 2 runs finished, 1 waiting, 1 deleted" in " ".join(status.out.split())
    assert "To train what 'short' lacks, give its file: icl sweep run FILE.toml" in status.err
    (record,) = json.loads(icl("sweep", "status", "--json").out)["data"]
    assert (record["runs"], record["deleted"]) == (2, 1)
    with Database.open(folder / "results.db", mode="write") as database:
        enrol_sweep(database, read_sweep(folder / "short.toml"), quick=False)
    assert "deleted" not in icl("sweep", "status").out


def test_one_bad_run_does_not_stop_the_others_and_its_log_tells_why(icl, folder):
    with Database.open(folder / "results.db", mode="create") as database:
        sweep_id = enrol_sweep(database, read_sweep(folder / "short.toml"), quick=False)
    bad, good = sorted(run.id for run in runs_of(folder))
    damage(folder, bad)
    result = icl("sweep", "run", "short.toml", "--attempts", "2")
    assert result.code == 3
    assert {run.id: run.status for run in runs_of(folder)} == {bad: RunStatus.FAILED, good: RunStatus.FINISHED}
    assert f"Next: icl runs show {bad[:8]} --log" in result.err
    # A log of cron holds why.
    assert f"The end of the log of {bad[:8]}:" in result.err
    assert "\n  icl_cli.errors.SnapshotError: " in result.err or "\n  icl_cli.errors.StoreError: " in result.err
    log = icl("runs", "show", bad[:8], "--log").out
    assert "--- attempt 1" in log
    assert "--- attempt 2" in log
    assert "--- attempt 3" not in log
    assert "Traceback" in log
    # It is left alone, until somebody asks for it.
    assert icl("sweep", "run", "short.toml", "--attempts", "2").code == 3
    assert {run.attempt for run in runs_of(folder) if run.id == bad} == {2}
    with closing(sqlite3.connect(folder / "results.db")) as connection, connection:
        connection.execute("DELETE FROM checkpoints WHERE run_id = ?", (bad,))
    assert icl("sweep", "run", "short.toml", "--retry-failed").code == 0
    assert list_sweeps_of(folder)[sweep_id] == {RunStatus.FINISHED: 2}


def damage(folder: Path, run_id: str) -> None:
    """A state to go on from whose hash is wrong."""
    with closing(sqlite3.connect(folder / "results.db")) as connection, connection:
        connection.execute("INSERT INTO checkpoints VALUES (?, 10, x'00', ?)", (run_id, "0" * 64))


def test_fail_fast_stops_the_others(icl, folder):
    with Database.open(folder / "results.db", mode="create") as database:
        enrol_sweep(database, read_sweep(folder / "long.toml"), quick=False)
        bad, good = list_sweep_runs(database, list_sweeps(database)[0].id)
    damage(folder, bad.id)
    result = icl("sweep", "run", "long.toml", "--attempts", "1", "--fail-fast")
    assert result.code == 3
    statuses = {run.id: run.status for run in runs_of(folder)}
    assert statuses[bad.id] is RunStatus.FAILED
    assert statuses[good.id] in (RunStatus.PLANNED, RunStatus.INTERRUPTED)


def list_sweeps_of(folder: Path):
    with Database.open(folder / "results.db", mode="read") as database:
        return {sweep.id: dict(sweep.counts) for sweep in list_sweeps(database)}


def test_two_at_once_do_not_get_in_each_others_way(icl, folder):
    with Database.open(folder / "results.db", mode="create") as database:
        sweep_id = enrol_sweep(database, read_sweep(folder / "short.toml"), quick=False)
        with sweep_lock(database, sweep_id, 0.0):
            locked = icl("sweep", "run", "short.toml")
            assert (locked.code, len(locked.err.strip().splitlines())) == (75, 1)
            assert not [word for word in ("--wait", "--join", "--skip-if-locked") if word not in locked.err]
            skipped = icl("sweep", "run", "short.toml", "--skip-if-locked")
            assert (skipped.code, skipped.err.count("\n")) == (0, 1)
            began = time.monotonic()
            assert icl("sweep", "run", "short.toml", "--wait", "0.5").code == 75
            assert time.monotonic() - began >= 0.5
            assert {run.status for run in list_runs(database)} == {RunStatus.PLANNED}
            assert icl("sweep", "status").code == 0
            joined = icl("sweep", "run", "short.toml", "--join")
            assert joined.code == 0, joined.err
        assert {run.status for run in list_runs(database)} == {RunStatus.FINISHED}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["run"], ["FILE"]),
        (["run", "none.toml"], ["none.toml"]),
        (["run", "fig99"], ["'fig99'"]),
        (["run", "empty.toml"], ["empty.toml"]),
        (["run", "short.toml", "--jobs", "0"], ["--jobs"]),
        (["run", "short.toml", "--join", "--skip-if-locked"], ["--join"]),
        (["run", "short.toml", "--join", "--wait", "1"], ["--wait"]),
        (["status"], ["results.db"]),
        (["status", "--watch", "--json"], ["--json"]),
        (["status", "unknown"], ["results.db"]),
    ],
)
def test_bad_requests_are_explained_in_one_line_and_leave_nothing(icl, folder, words, named):
    (folder / "empty.toml").write_text("")
    result = icl("sweep", *words)
    assert result.code in (1, 2, 4)
    assert len(result.err.strip().splitlines()) == 1
    assert not [word for word in named if word not in result.err], result.err
    assert not (folder / "results.db").exists()


def test_a_terminated_sweep_gives_its_runs_back_at_once(folder):
    sweep = started(folder, "sweep", "run", "long.toml")
    wait_for(lambda: is_training(folder))
    sweep.send_signal(signal.SIGTERM)
    _, error = sweep.communicate(timeout=60)
    assert sweep.returncode == 143, error
    assert "Terminated." in error
    assert {run.status for run in runs_of(folder)} == {RunStatus.INTERRUPTED, RunStatus.PLANNED}
    assert not list((folder / "results.db.logs").glob("worker-*"))


@pytest.mark.slow
def test_killed_processes_cost_no_number_and_double_none(folder):
    """Once a worker, once the process that runs the sweep: the rest goes on, and what is left is what would be."""
    sweep = started(folder, "sweep", "run", "long.toml")
    wait_for(lambda: is_training(folder))
    (worker,) = Path(f"/proc/{sweep.pid}/task/{sweep.pid}/children").read_text().split()
    first = next(run for run in runs_of(folder) if run.status is RunStatus.RUNNING)
    os.kill(int(worker), signal.SIGKILL)
    wait_for(lambda: next(run for run in runs_of(folder) if run.id == first.id).attempt == 2)
    sweep.kill()
    sweep.communicate()
    # The orphan notices, and ends.
    again = subprocess.run(
        command("sweep", "run", "long.toml", "--wait", "30"), cwd=folder, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    alone = command("sweep", "run", "long.toml", "--db", "alone.db")
    subprocess.run(alone, cwd=folder, check=True, capture_output=True)
    assert recorded(folder / "results.db") == recorded(folder / "alone.db")


def test_a_process_that_died_before_this_one_started_leaves_no_run_running(folder, icl):
    with Database.open(folder / "results.db", mode="create") as database:
        sweep_id = enrol_sweep(database, read_sweep(folder / "short.toml"), quick=False)
        dead = f"{current_owner().rpartition('.')[0]}.1"
        claim_waiting(database, sweep_id, Claimant(dead, lease_seconds=1e6))
    assert icl("sweep", "run", "short.toml").code == 0
    assert sorted(run.attempt for run in runs_of(folder)) == [1, 2]


def test_a_run_whose_processes_all_died_has_failed_until_somebody_asks_for_it_again(folder, icl):
    """Whichever command notices the last death: each of them first gives up what was lost."""
    with Database.open(folder / "results.db", mode="create") as database:
        sweep_id = enrol_sweep(database, read_sweep(folder / "short.toml"), quick=False)
        dead = f"{current_owner().rpartition('.')[0]}.1"
        assert len(claim_waiting(database, sweep_id, Claimant(dead, lease_seconds=1e6), most=2)) == 2
    assert icl("db", "init").code == 0
    result = icl("sweep", "run", "short.toml", "--attempts", "1")
    assert (result.code, list_sweeps_of(folder)[sweep_id]) == (3, {RunStatus.FAILED: 2})
    assert "died, at or after step 0" in result.err
    assert icl("sweep", "run", "short.toml", "--attempts", "1", "--retry-failed").code == 0
    assert list_sweeps_of(folder)[sweep_id] == {RunStatus.FINISHED: 2}


CLAIM = """
[[claims]]
sentence = "It learns."
run = "short"
baseline = "gd"
measure = "model_loss"
operator = "<"
bound = 10.0
"""


def test_a_sweep_with_claims_names_the_command_that_judges_them(icl, folder):
    (folder / "judged.toml").write_text((folder / "short.toml").read_text() + CLAIM)
    result = icl("sweep", "run", "judged.toml")
    assert (result.code, "Next: icl claims judged.toml" in result.err) == (0, True), result


def test_what_was_swept_stands_in_names_lists_pages_and_claims(icl, folder):
    swept = SMALL_SWEEP.replace("seeds = 2", "seeds = 1") + "\n[runs.grid]\ntraining.learning_rate = [0.001, 0.01]\n"
    claim = CLAIM.replace("bound = 10.0", "bound = 10.0\nat = { training.learning_rate = 0.01 }")
    (folder / "rates.toml").write_text(swept + claim)
    assert icl("sweep", "run", "rates.toml").code == 0
    names = {f"linear-1-layer-N5-d3-learning-rate-{rate}" for rate in ("0.001", "0.01")}
    assert {run.name for run in runs_of(folder)} == names
    listed = icl("runs", "list").out
    assert "learning_rate" in listed.splitlines()[0]
    assert max(map(len, listed.splitlines())) <= 80
    judged = icl("claims")
    assert judged.out.index("It learns.") < judged.out.index("fig02")
    assert judged.out.startswith("short: Short runs")
    assert icl("report").code == 0
    page = (folder / "icl-report" / "index.html").read_text(encoding="utf-8")
    for name in names:
        assert re.search(rf'<a href="#\w+">{re.escape(name)}</a>', page.partition("</nav>")[0])
        assert re.search(rf'<h2 id="\w+">{re.escape(name)}</h2>', page)
