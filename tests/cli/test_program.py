"""The program as a process: start-up, signals, pipes."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quick_cases import quick_cases
from small_runs import TINY

ICL = [sys.executable, "-c", "from icl_cli.cli.main import main; main()"]
COMMANDS = ("train", "compare", "analyse", "runs", "weights", "plot", "report", "import", "sweep", "db", "doctor")
HEAVY = {"jax", "jaxlib", "pandas", "sqlalchemy", "matplotlib", "equinox", "optax", "numpy", "scipy", "plotly"}
LONG = ["train", *TINY, "--steps=30000", "--evaluation-points=60", "--snapshots=20"]


def icl(*words, **options):
    return subprocess.run([*ICL, *words], capture_output=True, text=True, timeout=300, check=False, **options)


@pytest.mark.parametrize(
    "words",
    [["--help"], *([command, "--help"] for command in COMMANDS)],
)
def test_help_imports_nothing_heavy(words):
    code = f"""
import sys
from icl_cli.cli.main import run
run({words!r})
print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage" in result.stdout
    assert result.stderr.strip() == "[]"


def test_version():
    assert icl("--version").stdout.startswith("icl 0.")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a training that nobody stops leaves behind."""
    folder = tmp_path_factory.mktemp("undisturbed")
    result = icl(*LONG, "--db", "whole.db", cwd=folder)
    assert result.returncode == 0, result.stderr
    return weights(folder / "whole.db")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        (signal.SIGKILL, -9),
    ],
)
def test_a_killed_training_goes_on_to_the_same_weights(tmp_path, undisturbed, sent, code):
    process = subprocess.Popen([*ICL, *LONG, "--db", "killed.db"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    wait_for_a_checkpoint(tmp_path / "killed.db", process)
    process.send_signal(sent)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == code, talk
    assert "Traceback" not in talk
    assert steps(tmp_path / "killed.db") < 30_000
    result = icl(*LONG, "--db", "killed.db", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert weights(tmp_path / "killed.db") == undisturbed


def wait_for_a_checkpoint(path: Path, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "ended too early"
        if path.exists() and steps(path) > 0:
            return
        time.sleep(0.02)
    raise AssertionError("no checkpoint came")


def steps(path: Path) -> int:
    connection = sqlite3.connect(path, timeout=30)
    try:
        return max((row[0] for row in connection.execute("SELECT step FROM runs")), default=0)
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def weights(path: Path) -> list[tuple]:
    connection = sqlite3.connect(path)
    try:
        snapshots = connection.execute("SELECT step, sha256, weights FROM snapshots ORDER BY step").fetchall()
        return snapshots + connection.execute("SELECT step, name, value FROM metrics ORDER BY step, name").fetchall()
    finally:
        connection.close()


def test_a_closed_pipe_ends_quietly(tmp_path):
    icl("train", *TINY, cwd=tmp_path)
    command = f"{' '.join(map(repr, ICL))} runs show latest | head -n 1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 0
    assert result.stderr.count("\n") <= 1
    assert "Error" not in result.stderr


@pytest.mark.parametrize(("closed", "kept"), quick_cases([("2>&-", "stdout"), (">&-", "stderr"), ("<&-", "stdout")], 1))
def test_a_closed_stream_is_no_error_and_nothing_lands_in_another(tmp_path, closed, kept):
    icl("train", *TINY, cwd=tmp_path)
    command = f"{' '.join(map(repr, ICL))} runs list --json {closed}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert result.returncode == 0, result
    if kept == "stdout":
        assert json.loads(result.stdout)["schema"] == "icl.runs.list"
    else:
        assert result.stdout == ""
    assert "Unexpected" not in result.stderr


def test_no_color_and_no_animation_without_a_terminal(tmp_path):
    result = icl("train", *TINY, cwd=tmp_path, env={**os.environ, "NO_COLOR": "1"})
    assert "\x1b" not in result.stdout + result.stderr


def test_a_run_that_another_process_trains_is_left_to_it(tmp_path):
    words = ["train", *TINY, "--steps=400000", "--evaluation-points=200", "--db", "shared.db"]
    process = subprocess.Popen([*ICL, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    try:
        wait_for_a_checkpoint(tmp_path / "shared.db", process)
        result = icl(*words, cwd=tmp_path)
        assert result.returncode == 75
        assert len(result.stderr.splitlines()) == 1
    finally:
        process.kill()
        process.communicate()
