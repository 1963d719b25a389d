"""What surrounds the program, such as signals while it is loaded, variables and limits, ends in one clear line."""

import errno
import logging
import os
import pwd
import shlex
import signal
import subprocess
import sys
import tempfile

import pytest
from small_runs import TINY

from icl_cli.cli import stopping
from icl_cli.cli.main import run
from icl_cli.compilation import compiled_programs_folder, keep_compiled_programs
from icl_cli.doctor.compilation_cache import check_compilation_cache
from icl_cli.doctor.place import Place

ICL = [sys.executable, "-m", "icl_cli"]
# Sends itself a signal when a module is looked for, and runs the program: `python -c … MODULE SIGNAL WORD…`.
INTERRUPTED_AT = """
import os, runpy, sys
wanted, number, *words = sys.argv[1:]
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), int(number))
sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = words
runpy.run_module("icl_cli", run_name="__main__")
"""


def icl(*words, shell=None, **options):
    """The program as a process of its own, below a shell that runs `shell` before."""
    command = [*ICL, *words] if shell is None else ["bash", "-c", f"{shell}; {shlex.join([*ICL, *words])}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


def only_line(text):
    [line] = text.splitlines()
    return line


@pytest.mark.parametrize(
    ("module", "sent", "code", "word"),
    [
        # While the program itself is loaded, within an extension of a library, and where a module of it is looked for.
        ("typer", signal.SIGINT, 130, "Interrupted"),
        ("typer", signal.SIGTERM, 143, "Terminated"),
        ("numpy", signal.SIGINT, 130, "Interrupted"),
        ("jax", signal.SIGTERM, 143, "Terminated"),
    ],
)
def test_a_signal_while_something_is_loaded_ends_in_a_line(tmp_path, module, sent, code, word):
    words = [module, str(int(sent)), "train", *TINY, "--steps=1000000"]
    command = [sys.executable, "-c", INTERRUPTED_AT, *words]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path, check=False)
    assert result.returncode == code, result.stderr
    assert result.stderr.splitlines()[-1].startswith(f"icl: {word}. ")
    assert not {"Traceback", "Unexpected", "Error"} & set(result.stderr.replace(":", " ").split())


def test_a_signal_waits_until_a_library_has_returned():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    passed = []

    def call_library():
        with stopping.signals_wait():
            signal.raise_signal(signal.SIGTERM)
            passed.append("returned")

    try:
        stopping.heed_signals()
        with pytest.raises(SystemExit) as stopped:
            call_library()
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
    assert passed == ["returned"]
    assert stopped.value.code == 143


def test_a_backend_of_jupyter_is_no_matter():
    environment = os.environ | {"MPLBACKEND": "module://matplotlib_inline.backend_that_is_not_installed"}
    result = icl("plot", "--list", env=environment)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("words", [["train", *TINY], ["compare"]])
def test_a_device_that_is_not_there_is_told_with_its_variable_before_any_work(tmp_path, words):
    result = icl(*words, cwd=tmp_path, env=os.environ | {"JAX_PLATFORMS": "rocm"})
    assert result.returncode == 2
    assert only_line(result.stderr).startswith("icl: JAX_PLATFORMS: 'rocm' given, but there is no such device")
    assert not list(tmp_path.iterdir())


def test_a_user_without_a_home_is_told_why_programs_are_not_kept(monkeypatch, caplog):
    for name in ("HOME", "XDG_CACHE_HOME", "JAX_COMPILATION_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_):
        raise KeyError("no such user")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with caplog.at_level(logging.WARNING):
        assert compiled_programs_folder() is None
        assert keep_compiled_programs() is None
    assert "HOME is not set" in only_line(caplog.text.strip())
    [finding] = check_compilation_cache(Place("results.db"))
    assert (finding.level, finding.mend) == ("note", "export JAX_COMPILATION_CACHE_DIR=FOLDER-OF-YOURS")


def test_a_full_disk_is_told_with_where_temporary_files_go(monkeypatch, tmp_path, capsys):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile.TemporaryDirectory, "__init__", full)
    assert run(["import", "some.zip"]) == 1
    said = only_line(capsys.readouterr().err)
    assert f"Temporary files are in {tmp_path}; TMPDIR names another folder." in said


def test_where_no_folder_takes_temporary_files_the_variable_is_named(tmp_path):
    # No process below this shell may write a byte into a file.
    result = icl("import", "some.zip", shell="ulimit -f 0", cwd=tmp_path)
    assert result.returncode == 1
    assert only_line(result.stderr).endswith("Set TMPDIR to a folder with room that may be written.")


@pytest.mark.parametrize("words", [["train", *TINY], ["report"]])
def test_too_little_address_space_is_told_before_jax_would_abort(tmp_path, words):
    result = icl(*words, shell="ulimit -v 1000000", cwd=tmp_path)
    assert result.returncode == 1
    assert only_line(result.stderr).startswith("icl: ulimit -v: 1000000 kB of address space given; JAX needs ")
