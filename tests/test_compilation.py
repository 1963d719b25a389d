import os
import stat
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from icl_cli import compilation
from icl_cli.compilation import keep_compiled_programs, materialised, shared_part


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """Where programs would be kept; JAX's own settings are put back afterwards."""
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setattr(compilation, "user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(jax.config, "update", lambda *_: None)
    return tmp_path / "icl"


def test_materialised_values_and_gradients_are_those_of_the_function():
    def function(x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
        return {"product": x * jnp.sin(y), "sum": x + y}

    x, y = jnp.arange(1.0, 4.0), jnp.arange(3.0)
    for key, value in function(x, y).items():
        np.testing.assert_array_equal(materialised(function, x, y)[key], value)
    gradient = jax.grad(lambda x: jnp.sum(materialised(function, x, y)["product"]))(x)
    np.testing.assert_allclose(gradient, np.sin(y), rtol=1e-6)


def test_materialised_says_nan_where_the_first_number_is_nan():
    found = materialised(lambda x: 2 * x, jnp.array([jnp.nan, 1.0]))
    assert np.isnan(found).all()


def test_programs_are_kept_in_a_folder_that_only_the_user_can_write_to(cache):
    folder = keep_compiled_programs()
    assert folder is not None
    assert folder.is_relative_to(cache)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_kept_where_others_can_write(cache):
    folder = keep_compiled_programs()
    assert folder is not None
    folder.chmod(0o777)
    assert keep_compiled_programs() is None


def test_nothing_is_kept_where_no_folder_can_be_made(cache):
    cache.write_text("in the way")
    assert keep_compiled_programs() is None


def test_the_users_own_setting_wins(cache, monkeypatch):
    monkeypatch.chdir(cache.parent)
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "elsewhere")
    assert keep_compiled_programs() == cache.parent / "elsewhere"
    assert stat.S_IMODE((cache.parent / "elsewhere").stat().st_mode) == 0o700
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
    assert keep_compiled_programs() is None
    assert not cache.exists()


@pytest.mark.parametrize("is_chosen", [False, True])
def test_nothing_is_kept_below_a_folder_that_others_can_write(cache, monkeypatch, tmp_path, is_chosen):
    folder = cache / "of mine" / "programs"
    if is_chosen:
        monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(folder))
    else:
        monkeypatch.setattr(compilation, "user_cache_path", lambda _: folder)
    kept = keep_compiled_programs()
    assert kept is not None
    assert kept.is_relative_to(folder)
    (cache / "of mine").chmod(0o777)
    assert keep_compiled_programs() is None
    assert shared_part(folder) == cache / "of mine"
    # As /tmp is: each can change only what is theirs.
    (cache / "of mine").chmod(0o1777)
    assert keep_compiled_programs() == kept
    kept.chmod(0o1777)
    assert keep_compiled_programs() is None
    # A link does not make a folder another one.
    (tmp_path / "link").symlink_to(folder)
    assert shared_part(tmp_path / "link") == shared_part(folder)


def test_a_folder_of_another_user_is_not_private(tmp_path, monkeypatch):
    assert shared_part(tmp_path) is None
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    for part in (tmp_path, *tmp_path.parents[:-1]):
        if part.stat().st_uid not in (0, 4321):
            pytest.skip("the folders of this test are not root's")
    tmp_path.chmod(0o775)
    assert shared_part(tmp_path) == tmp_path


PEEK = """
import sys
from icl_cli.cli.main import run
code = run(sys.argv[1:])
import jax
assert jax.config.jax_compilation_cache_dir is None, jax.config.jax_compilation_cache_dir
sys.exit(code)
"""


def test_programs_that_others_left_are_never_looked_at(tmp_path):
    """JAX itself would take the variable as it is."""
    public = tmp_path / "public"
    public.mkdir()
    public.chmod(0o777)
    settings = {
        "JAX_COMPILATION_CACHE_DIR": str(public / "cache"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }
    tiny = ["--steps=2", "--batch-size=8", "--evaluation-tasks=8", "--evaluation-points=2", "--snapshots=1"]
    for words in (["train", *tiny], ["claims"]):
        done = subprocess.run(
            [sys.executable, "-c", PEEK, *words],
            env=os.environ | settings,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        if done.returncode == 0:
            assert "JAX_COMPILATION_CACHE_DIR is not used: others may change" in done.stderr
        assert not list((public / "cache").glob("*"))


TRAIN = "from icl_cli.cli.main import run; import sys; sys.exit(run(sys.argv[1:]))"
OPTIONS = ["--steps=20", "--batch-size=300", "--evaluation-tasks=50", "--evaluation-points=2", "--snapshots=1"]


def test_a_second_process_compiles_nothing_and_ends_at_the_same_bits(tmp_path):
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "JAX_LOGGING_LEVEL": "DEBUG"}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    results = []
    for name in ("first", "second"):
        command = [sys.executable, "-c", TRAIN, "train", *OPTIONS, "--json", "--db", str(tmp_path / f"{name}.db")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        results.append((done.stdout.split('"summaries"')[1], done.stderr))
    assert results[0][0] == results[1][0]
    assert "PERSISTENT COMPILATION CACHE MISS for 'jit_advance'" in results[0][1]
    assert "Persistent compilation cache hit for 'jit_advance'" in results[1][1]
    assert any((tmp_path / "icl").rglob("jit_advance*"))
