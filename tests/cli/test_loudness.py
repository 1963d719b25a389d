"""--quiet, --verbose and --debug anywhere; colours, dumb terminals, pipes that close."""

import os
import pty
import sqlite3
import subprocess
import sys

import pytest
from small_runs import TINY

from icl_cli.cli.console import LAYOUT
from icl_cli.cli.global_options import taken_out
from icl_cli.report.formatting import printable

ICL = [sys.executable, "-c", "from icl_cli.cli.main import main; main()"]


@pytest.fixture
def trained(icl):
    icl("train", *TINY, "--name", "tiny")
    return icl


@pytest.mark.parametrize("words", [["-q", "runs", "list"], ["runs", "--quiet", "list"], ["runs", "list", "-q"]])
def test_quiet_says_nothing_but_data(trained, words):
    result = trained(*words)
    assert result.code == 0
    assert "tiny" in result.out
    assert result.err == ""


def test_quiet_training_is_silent_and_quiet_errors_are_told(icl):
    result = icl("train", *TINY, "--quiet")
    assert (result.code, result.err) == (0, "")
    wrong = icl("runs", "show", "nobody", "--quiet")
    assert (wrong.code, wrong.out, len(wrong.err.splitlines())) == (4, "", 1)


def test_verbose_says_when_what_happened_and_what_is_reused(trained):
    first = trained("compare", "--baseline", "gd", "--no-curves", "--verbose")
    again = trained("-v", "compare", "--baseline", "gd", "--no-curves")
    assert "tuned before" not in first.err
    assert "gd: tuned before, its parameters are reused." in again.err
    assert "measured before" in again.err
    assert again.out == first.out
    assert "Opened results.db to write." in again.err
    assert again.err.splitlines()[-1].endswith(" s] Ended.")
    usual = trained("compare", "--baseline", "gd", "--no-curves")
    assert "Ended." not in usual.err


def test_verbose_training_tells_its_time(icl):
    assert " trained for " in icl("train", *TINY, "--verbose").err


def test_quiet_and_verbose_are_refused_together(icl):
    result = icl("runs", "list", "-q", "-v")
    assert (result.code, result.out, len(result.err.splitlines())) == (2, "", 1)


def test_what_stands_after_two_dashes_is_no_option():
    found = taken_out(["runs", "show", "--debug", "--", "-q", "--verbose"])
    assert (found.debug, found.quiet, found.verbose) == (True, False, False)
    assert found.rest == ("runs", "show", "--", "-q", "--verbose")


def on_a_terminal(words, cwd, **environment):
    """Both outputs of `icl` when both are one terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*ICL, *words], stdout=theirs, stderr=theirs, cwd=cwd, env={**os.environ, **environment})
    os.close(theirs)
    printed = b""
    try:
        while part := os.read(ours, 65536):
            printed += part
    except OSError:
        # How Linux says that the other end was closed.
        pass
    os.close(ours)
    return process.wait(), printed.decode()


def test_a_dumb_terminal_gets_plain_text(tmp_path):
    code, printed = on_a_terminal(["train", *TINY], tmp_path, TERM="dumb")
    assert code == 0
    assert "\x1b" not in printed
    assert "Next: icl compare" in printed


def test_a_terminal_gets_colour_unless_it_is_unwanted(tmp_path):
    on_a_terminal(["train", *TINY], tmp_path, TERM="dumb")
    colours = {"TERM": "xterm-256color", "COLUMNS": "80"}
    _, coloured = on_a_terminal(["runs", "list", "--help"], tmp_path, **colours)
    assert "\x1b[3" in coloured or "\x1b[1;3" in coloured
    for words in (["train", *TINY], ["runs", "list"], ["runs", "list", "--help"]):
        _, plain = on_a_terminal(words, tmp_path, **colours, NO_COLOR="1")
        assert not any(f"\x1b[{start}3" in plain for start in ("", "1;", "2;")), plain


@pytest.mark.parametrize(
    "words", [["runs", "show", "tiny"], ["runs", "show", "tiny", "--json"], ["train", "--help"], []]
)
def test_a_reader_that_leaves_is_no_error(trained, tmp_path, words):
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run([*ICL, *words], stdout=theirs, stderr=subprocess.PIPE, cwd=tmp_path, text=True, check=False)
    os.close(theirs)
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert "Exception" not in done.stderr


def test_training_goes_on_when_nobody_listens(tmp_path):
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run([*ICL, "train", *TINY], stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path, check=False)
    os.close(theirs)
    assert done.returncode == 0
    with sqlite3.connect(tmp_path / "results.db") as connection:
        assert connection.execute("SELECT status FROM runs").fetchall() == [("finished",)]
    connection.close()


def test_control_characters_of_names_never_reach_the_terminal(trained, tmp_path):
    trained("train", *TINY, "--seed", "1")
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("UPDATE runs SET name = ?", ("\x1b[2Jwiped\x07\u202e",))
        connection.execute(
            "UPDATE runs SET status = 'interrupted', finished_at = NULL WHERE created_at IN"
            " (SELECT max(created_at) FROM runs)"
        )
    connection.close()
    commands = (
        ["runs", "list"],
        ["runs", "show", "latest"],
        ["compare", "--no-curves"],
        ["runs", "show", "none"],
        ["db", "prune", "--status", "interrupted", "--older-than", "0", "--dry-run"],
    )
    for words in commands:
        result = trained(*words)
        assert "wiped" in result.out + result.err, words
        assert not set("\x1b\x07\u202e") & set(result.out + result.err), words
    assert printable("tab\tand\nα ŷ — ✓", keep=LAYOUT) == "tab\tand\nα ŷ — ✓"
    assert printable("tab\tand\nα ŷ — ✓") == "tab�and�α ŷ — ✓"
