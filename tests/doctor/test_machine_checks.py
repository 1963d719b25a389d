"""The machine as `icl doctor` sees it; each finding is provoked."""

import importlib.metadata
import os
import shlex
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from icl_cli.doctor import devices, file_system, versions
from icl_cli.doctor.finding import Level
from icl_cli.doctor.registry import examine
from icl_cli.store.sqlite import file_systems


def levels(findings) -> list[Level]:
    return [finding.level for finding in findings]


def test_versions_are_those_that_are_installed(found):
    program, libraries = found("program")[0], found("libraries")[0]
    assert sys.version.split()[0] in program.text
    for name in ("jax", "jaxlib", "equinox", "numpy"):
        assert f"{name} {importlib.metadata.version(name)}" in libraries.text
    assert sqlite3.sqlite_version in found("sqlite")[0].text


@pytest.mark.parametrize(("version", "said"), [("0.1", "0.1 is installed"), (None, "is not installed")])
def test_a_library_that_does_not_fit(found, monkeypatch, version, said):
    truly = versions._version
    monkeypatch.setattr(versions, "_version", lambda name: version if name == "jaxlib" else truly(name))
    (finding,) = [each for each in found("libraries") if each.level is Level.PROBLEM]
    assert said in finding.text
    assert finding.mend.startswith("pip install 'jaxlib")


def test_a_program_that_was_never_installed(found, monkeypatch):
    monkeypatch.setattr(versions, "DISTRIBUTION", "no-such-distribution")
    assert levels(found("libraries")) == [Level.OK]


def test_an_old_sqlite(found, only, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 26, 0))
    assert only(found("sqlite")).level is Level.PROBLEM


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system gives no process fewer cores")
def test_fewer_cores_than_the_machine_has(found, only, monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "PROCESSOR_SHARE", tmp_path / "missing")
    machine = os.cpu_count()
    code = "from icl_cli.doctor.devices import *; devices = __import__('icl_cli.doctor.devices').doctor.devices"
    code += "; from pathlib import Path; devices.PROCESSOR_SHARE = Path('missing')"
    code += "; print([(f.level.value, f.text, f.mend) for f in check_cores(None)])"
    one = str(min(os.sched_getaffinity(0)))
    if machine == 1 or shutil.which("taskset") is None:
        pytest.skip("this machine has one core, or no taskset")
    done = subprocess.run(
        ["taskset", "-c", one, sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "'note'" in done.stdout
    assert f"1 of the machine's {machine} cores" in done.stdout
    assert f"taskset -cp 0-{machine - 1} $$" in done.stdout


@pytest.mark.parametrize(
    ("share", "notes"), [("max 100000", 0), ("150000 100000", 1), ("100 100000", 1), ("6400000 100000", 0), ("odd", 0)]
)
def test_a_containers_share_of_the_processor(found, monkeypatch, tmp_path, share, notes):
    (tmp_path / "cpu.max").write_text(share + "\n")
    monkeypatch.setattr(devices, "PROCESSOR_SHARE", tmp_path / "cpu.max")
    monkeypatch.setattr("icl_cli.training.devices.available_cores", lambda: 64)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    said = [finding for finding in found("cores") if finding.level is Level.NOTE]
    assert len(said) == notes
    assert all(finding.mend == "icl train --cores 1" for finding in said)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Give this machine GPUs, and JAX the devices that it says it sees."""

    def make(gpus: list[str], jax: str, **environment: str):
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n" + "".join(f"echo '{gpu}'\n" for gpu in gpus))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        monkeypatch.setattr(devices, "ASK_JAX", jax)
        for name in devices.HIDING:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return make


def test_a_gpu_that_jax_does_not_see(found, only, machine):
    machine(["NVIDIA H200", "NVIDIA H200"], "print('cpu:cpu')")
    finding = only(found("accelerators"))
    assert (finding.level, finding.mend) == (Level.NOTE, "pip install 'icl-cli[cuda12]'")
    assert "2 GPUs (NVIDIA H200)" in finding.text


@pytest.mark.parametrize(("name", "value"), [("JAX_PLATFORMS", "cpu"), ("CUDA_VISIBLE_DEVICES", "")])
def test_a_gpu_that_a_setting_hides(found, only, machine, name, value):
    machine(["NVIDIA H200"], "print('cpu:cpu')", **{name: value})
    finding = only(found("accelerators"))
    assert (finding.level, finding.mend) == (Level.NOTE, f"unset {name}")


def test_a_gpu_that_jax_sees(found, only, machine):
    machine(["NVIDIA H200"], "print('gpu:NVIDIA H200')")
    assert only(found("accelerators")).text == "JAX computes on gpu:NVIDIA H200 (1 in all)"


def test_no_gpu(found, only, machine):
    machine([], devices.ASK_JAX, JAX_PLATFORMS="cpu")
    assert only(found("accelerators")).text == "JAX computes on the CPU; there is no GPU"


def test_jax_that_does_not_start(found, only, machine, monkeypatch):
    machine([], "raise SystemExit('no libcudart')")
    finding = only(found("accelerators"))
    assert finding.level is Level.PROBLEM
    assert "no libcudart" in finding.text
    monkeypatch.setattr(devices, "ASK_JAX", "import time; time.sleep(60)")
    monkeypatch.setattr(devices, "SECONDS_TO_ANSWER", 0.5)
    assert "no answer within 0.5 s" in only(found("accelerators")).text


def test_settings_for_debugging(found, only, monkeypatch):
    assert only(found("environment")).level is Level.OK
    monkeypatch.setenv("JAX_CHECK_TRACER_LEAKS", "1")
    finding = only(found("environment"))
    assert (finding.level, finding.mend) == (Level.NOTE, "unset JAX_CHECK_TRACER_LEAKS")
    for off in ("0", "off", "No", "false"):
        monkeypatch.setenv("JAX_CHECK_TRACER_LEAKS", off)
        assert only(found("environment")).level is Level.OK


def test_flags_of_the_compiler_are_noted(found, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true")
    *_, finding = found("environment")
    assert (finding.level, finding.mend) == (Level.NOTE, "unset XLA_FLAGS")
    assert "--xla_cpu_enable_fast_math=true" in finding.text


def test_a_network_file_system(found, only, tmp_path, monkeypatch):
    assert only(found("file system")).level is Level.OK
    table = tmp_path / "mountinfo"
    table.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 0:4 / {tmp_path} rw - nfs4 somewhere rw\n")
    monkeypatch.setattr(file_systems, "MOUNT_TABLE", table)
    finding = only(found("file system"))
    assert finding.level is Level.PROBLEM
    assert "network file system (nfs4)" in finding.text
    assert finding.mend == f"icl db copy {tmp_path}/results.db postgresql://USER@HOST/NAME"
    assert found("locks") == []


def test_a_folder_that_is_missing(found, only, tmp_path):
    finding = only(found("file system", tmp_path / "a b" / "results.db"))
    assert (finding.level, finding.mend) == (Level.PROBLEM, f"mkdir -p -- '{tmp_path}/a b'")
    assert [found(name, tmp_path / "a b" / "results.db") for name in ("room", "locks")] == [[], []]


def test_a_file_that_may_only_be_read(found, only, results, monkeypatch):
    # As root everything may be written.
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK and Path(path) == results))
    finding = only(found("file system", results))
    assert (finding.level, finding.mend) == (Level.NOTE, f"chmod u+w -- {results}")


@pytest.mark.parametrize(("free", "level"), [(10**7, Level.PROBLEM), (10**9, Level.NOTE), (3 * 10**9, Level.OK)])
def test_room(found, only, monkeypatch, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12 - free, free))
    assert only(found("room")).level is level


def test_python_files_of_the_present_folder_are_not_run(found, only, tmp_path, monkeypatch):
    for name in ("jax", "fcntl"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not the library')")
    monkeypatch.chdir(tmp_path)
    assert "not the library" not in only(found("accelerators")).text
    assert only(found("locks", tmp_path / "other" / ".." / "results.db")).level is Level.OK


def test_locks(found, only, tmp_path, monkeypatch):
    assert only(found("locks")).level is Level.OK
    assert list(tmp_path.iterdir()) == []
    # What another process says where a file system only pretends to lock.
    monkeypatch.setattr(file_system, "TRY_LOCK", "print('free')")
    assert only(found("locks")).level is Level.PROBLEM


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    from icl_cli.compilation import compiled_programs_folder

    folder = compiled_programs_folder()
    assert folder is not None
    return folder


def test_a_cache_that_is_not_there_yet(found, only, cache):
    assert only(found("cache")).text == f"{cache} will be made"
    assert not cache.exists()


def test_a_cache_and_its_size(found, only, cache):
    cache.mkdir(parents=True, mode=0o700)
    (cache / "program").write_bytes(bytes(2_500_000))
    assert only(found("cache")).text == f"{cache} holds 2.5 MB"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JAX_COMPILATION_CACHE_DIR", ""),
        ("JAX_ENABLE_COMPILATION_CACHE", "false"),
        ("JAX_ENABLE_COMPILATION_CACHE", "off"),
    ],
)
def test_a_cache_that_is_switched_off(found, only, cache, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    finding = only(found("cache"))
    assert (finding.level, finding.mend) == (Level.NOTE, f"unset {name}")


def test_a_cache_into_which_others_may_write(found, only, cache, monkeypatch):
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    finding = only(found("cache"))
    assert (finding.level, finding.mend) == (Level.NOTE, f"chmod go-w -- {cache}")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(cache))
    assert only(found("cache")).mend == finding.mend
    cache.chmod(stat.S_IMODE(cache.stat().st_mode) & ~0o022)
    assert only(found("cache")).level is Level.OK


def test_a_cache_below_a_folder_that_others_may_write(found, only, cache):
    cache.mkdir(parents=True, mode=0o700)
    cache.parent.chmod(0o777)
    finding = only(found("cache"))
    assert (finding.level, finding.mend) == (Level.NOTE, f"chmod go-w -- {cache.parent}")
    assert f"in which {cache} lies" in finding.text


def test_a_cache_that_cannot_be_written(found, only, cache, monkeypatch):
    cache.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != cache)
    finding = only(found("cache"))
    assert (finding.level, finding.mend) == (Level.NOTE, f"chmod u+rwx -- {cache}")


def test_a_cache_in_whose_place_something_else_is(found, only, cache, tmp_path):
    cache.parent.mkdir(parents=True)
    cache.write_text("in the way")
    assert only(found("cache")).mend == f"rm -- {cache}"
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("in the way")
    assert "cannot be made" in only(found("cache")).text


def test_extras(found, monkeypatch):
    assert [finding.text.split()[0] for finding in found("extras")] == ["psycopg", "ray"]

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert all("is not installed" in finding.text and finding.level is Level.OK for finding in found("extras"))


def test_passwords_that_others_may_read(found, only, tmp_path, monkeypatch):
    passwords = tmp_path / "my pass"
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    assert only(found("passwords")).level is Level.OK
    passwords.write_text("server:5432:*:me:s3cret")
    passwords.chmod(0o644)
    finding = only(found("passwords"))
    assert (finding.level, str(passwords) in finding.text) == (Level.NOTE, True)
    assert only(found("passwords", "postgresql://me@localhost:1/results")).level is Level.PROBLEM
    assert shlex.split(finding.mend) == ["chmod", "600", str(passwords)]
    passwords.chmod(0o600)
    assert only(found("passwords")).level is Level.OK


def test_what_a_folder_that_may_only_be_read_would_refuse_is_not_advised(results, monkeypatch):
    """As of another user's results: neither a command that writes beside them, nor to change rights that are theirs."""
    folder, access, user = results.parent, os.access, os.getuid()
    monkeypatch.setattr(
        os, "access", lambda path, mode: not (mode & os.W_OK and Path(path) in (results, folder)) and access(path, mode)
    )
    monkeypatch.setattr(os, "getuid", lambda: user + 1)
    (folder / f"{results.stem}.before-0002.db").write_bytes(b"")
    found = list(examine(str(results)))
    mends = {name: finding.mend for name, finding in found if finding.mend}
    assert mends["file system"] == "export ICL_DB=IN-A-FOLDER-OF-YOURS.db"
    assert not {"database", "integrity", "runs", "copies", "room"} & set(mends)
    assert any(name == "copies" and finding.level is Level.NOTE for name, finding in found)
