"""What the shell is offered, asked as the shell asks; bad databases and hostile names offer nothing."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import TINY

from icl_cli.baselines import BASELINES
from icl_cli.cli import completion
from icl_cli.cli.main import run
from icl_cli.report.plot_kinds import PLOT_KINDS
from icl_cli.sweeps import ANALYSES

SWEEPS = Path(__file__).parents[2] / "sweeps"


@pytest.fixture
def offered(icl, tmp_path, monkeypatch, capfd):
    """What is offered for the last of these words, in bash, beside a database with a run called `looped`."""
    icl("train", *TINY, "--name", "looped")

    def ask(*words: str) -> list[str]:
        monkeypatch.setenv("_ICL_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", " ".join(["icl", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        capfd.readouterr()
        assert run([]) == 0
        printed = capfd.readouterr()
        assert printed.err == ""
        return [line for line in printed.out.splitlines() if line]

    return ask


def the_id(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "results.db") as connection:
        (row,) = connection.execute("SELECT id FROM runs")
    connection.close()
    return row[0][:8]


def test_runs_are_offered_by_name_and_by_id(offered, tmp_path):
    short = the_id(tmp_path)
    for command in (["runs", "show"], ["compare"], ["analyse"], ["report"], ["runs", "export"], ["compare", "--with"]):
        assert offered(*command, "") == ["latest", "looped", short], command
    assert offered("runs", "show", "lo") == ["looped"]
    assert offered("runs", "show", short[:3]) == [short]
    assert offered("runs", "show", "nobody") == []


def test_the_database_is_the_one_that_was_named(offered, tmp_path, monkeypatch):
    (tmp_path / "results.db").rename(tmp_path / "other.db")
    assert offered("runs", "show", "lo") == []
    assert offered("runs", "show", "--db", "other.db", "lo") == ["looped"]
    for option in ("--quiet", "-v", "--debug"):
        assert offered("runs", "show", option, "--db", "other.db", "lo") == ["looped"]
    monkeypatch.setenv("ICL_DB", "other.db")
    assert offered("runs", "show", "lo") == ["looped"]


@pytest.mark.parametrize("content", [None, b"", b"no database" * 99, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_bad_database_offers_nothing_and_stays_as_it_is(offered, tmp_path, content):
    path = tmp_path / "results.db"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    before = sorted(tmp_path.iterdir())
    assert offered("runs", "show", "lo") == []
    assert offered("sweep", "status", "") == []
    assert sorted(tmp_path.iterdir()) == before
    assert content is None or path.read_bytes() == content


def test_a_server_that_does_not_answer_offers_nothing(offered):
    assert offered("runs", "show", "--db", "postgresql://nobody@127.0.0.1:1/none", "lo") == []


@pytest.mark.parametrize("name", ["$(touch owned)", "two words", "a;b", "`x`", "\x1b[2Jclear", "new\nline", "-rf"])
def test_names_that_a_shell_would_take_for_more_are_not_offered(offered, tmp_path, name):
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("UPDATE runs SET name = ?", (name,))
    connection.close()
    assert offered("runs", "show", "") == ["latest", the_id(tmp_path)]


def test_figures_and_sweep_files_are_offered(offered, tmp_path):
    (tmp_path / "mine.toml").write_text("")
    (tmp_path / "notes.txt").write_text("")
    for command in (["claims"], ["reproduce"], ["sweep", "plan"], ["sweep", "run"], ["report", "--paper"]):
        assert offered(*command, "fig3") == ["fig3a", "fig3b"], command
        assert offered(*command, "m") == ["mine.toml"], command
    assert offered("claims", "fig03") == ["fig03a", "fig03b"]
    assert offered("claims", f"{SWEEPS}/de") == [f"{SWEEPS}/depth.toml"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["compare", "--baseline", "gd+"], ["gd++", "gd++-per-step"]),
        (["analyse", "--analysis", "c"], ["critical-damping", "curvature", "cancellation", "copying"]),
        (["train", "--attention", "s"], ["softmax"]),
        (["train", "--recipe", ""], ["paper", "fast"]),
        (["runs", "export", "--format", "p"], ["parquet"]),
        (["sweep", "sta"], ["status"]),
    ],
)
def test_words_are_offered(offered, words, expected):
    assert offered(*words) == expected


def test_all_baselines_and_analyses_are_known():
    assert set(completion.BASELINES) == set(BASELINES)
    assert set(completion.ANALYSES) == set(ANALYSES)
    assert set(completion.PLOTS) == set(PLOT_KINDS)


def test_sweeps_are_offered_by_name(offered, tmp_path):
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("INSERT INTO sweeps VALUES (?, 'depth', '{}', '2026-01-01 00:00:00')", ("a" * 64,))
    connection.close()
    assert offered("sweep", "status", "") == ["depth"]


def test_completion_loads_neither_jax_nor_pandas(icl, tmp_path):
    icl("train", *TINY)
    code = "import sys; from icl_cli.cli.main import run; run([]); print({'jax', 'pandas'} & set(sys.modules))"
    asked = {"_ICL_COMPLETE": "complete_bash", "COMP_WORDS": "icl runs show ", "COMP_CWORD": "3"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | asked, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_offered_the_same(icl, monkeypatch, capfd, shell):
    icl("train", *TINY, "--name", "looped")
    monkeypatch.setenv("_ICL_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "icl runs show --quiet lo")
    capfd.readouterr()
    assert run([]) == 0
    assert re.findall(r"\w*loop\w*|latest", capfd.readouterr().out) == ["looped"]
