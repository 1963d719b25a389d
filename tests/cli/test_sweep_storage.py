"""Sweeps on disks that are full and on files that are damaged: one line, nothing stored is lost, and they go on."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from small_runs import SMALL_SWEEP, recorded

# A new database fits, and some of what the sweep stores.
LIMIT_KIB = 250
# Enough to need more than that.
MANY_POINTS = SMALL_SWEEP.replace("steps = 60", "steps = 600").replace("points = 6", "points = 60")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "short.toml").write_text(SMALL_SWEEP)
    (tmp_path / "points.toml").write_text(MANY_POINTS)
    return tmp_path


def started_under_a_limit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    limited = f'ulimit -f {LIMIT_KIB}; exec "$@"'
    command = ["bash", "-c", limited, "bash", sys.executable, "-m", "icl_cli", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.slow
def test_a_file_that_may_not_grow_costs_nothing_and_the_sweep_goes_on(icl, folder):
    stopped = started_under_a_limit(folder, "sweep", "run", "points.toml")
    assert stopped.returncode == 1
    assert "Check disk and quota, then run the same command again." in stopped.stderr.splitlines()[-1]
    assert "Traceback" not in stopped.stderr
    assert icl("db", "check").code == 0
    assert icl("sweep", "run", "points.toml").code == 0
    assert icl("sweep", "run", "points.toml", "--db", "alone.db").code == 0
    assert recorded(folder / "results.db") == recorded(folder / "alone.db")


@pytest.fixture(scope="module")
def content(tmp_path_factory) -> bytes:
    """A database file with a finished sweep."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "short.toml").write_text(SMALL_SWEEP)
    command = [sys.executable, "-m", "icl_cli", "sweep", "run", "short.toml"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    with closing(sqlite3.connect(folder / "results.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "results.db").read_bytes()


@pytest.mark.slow
def test_a_file_with_flipped_bits_is_read_or_refused_in_one_line(icl, folder, content):
    """Whatever is damaged: an answer or a reason, and no command that only looks changes a byte."""
    chance, refused = random.Random(0), 0
    for flips in [1, 10, 100, 1000] * 10:
        damaged = bytearray(content)
        for place in chance.sample(range(100, len(damaged)), flips):
            damaged[place] ^= 1 << chance.randrange(8)
        (folder / "results.db").write_bytes(damaged)
        for words in (("sweep", "status"), ("runs", "list"), ("db", "check")):
            result = icl(*words)
            assert result.code in (0, 1, 4), (flips, result)
            assert "Unexpected" not in result.err, (flips, result)
            errors = [line for line in result.err.splitlines() if line.startswith("icl: ")]
            # `db check` lists what it found on stdout, if the file can be opened at all.
            assert len(errors) == (0 if result.code == 0 or result.out else 1), (flips, result)
            refused += result.code != 0
        assert (folder / "results.db").read_bytes() == bytes(damaged)
    assert refused > 40


@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_a_file_that_was_cut_off_is_not_trained_into(icl, folder, content, part):
    (folder / "short.toml").write_text(SMALL_SWEEP.replace("seeds = 2", "seeds = 3"))
    cut = content[: int(part * len(content))]
    (folder / "results.db").write_bytes(cut)
    result = icl("sweep", "run", "short.toml")
    assert result.code == 1, result
    assert "is damaged" in result.err.splitlines()[-1]
    assert "Traceback" not in result.err
