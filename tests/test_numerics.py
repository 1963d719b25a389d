"""The environment changes no number of a run: not through JAX's settings, nor through the number of devices."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import jax
import pytest
from small_runs import TINY, Silent, recorded, small_config

from icl_cli import compare, find_runs, held_out_tasks, open_database
from icl_cli.errors import BusyError, IclError, UsageError
from icl_cli.numerics import REQUIRED, fixed_numerics
from icl_cli.store import Database, get_snapshot
from icl_cli.sweeps import run_experiment
from icl_cli.sweeps.own_process import _claim, run_in_own_process

HOSTS: dict[str, Callable[[], AbstractContextManager]] = {
    "float64": lambda: jax.enable_x64(True),
    "older random bits": lambda: jax.threefry_partitionable(False),
    "another generator": lambda: jax.default_prng_impl("rbg"),
    "strict types": lambda: jax.numpy_dtype_promotion("strict"),
    "strict ranks": lambda: jax.numpy_rank_promotion("raise"),
    "coarse products": lambda: jax.default_matmul_precision("bfloat16"),
    "checks for NaN": lambda: jax.debug_nans(True),
}
# What a shell may say, all at once.
ENVIRONMENT = {
    "JAX_ENABLE_X64": "1",
    "JAX_THREEFRY_PARTITIONABLE": "0",
    "JAX_NUMPY_DTYPE_PROMOTION": "strict",
    "JAX_DEBUG_NANS": "1",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
}


def weights_of(database: Database) -> str:
    (run,) = find_runs(database)
    return hashlib.sha256(get_snapshot(database, run.id).weights).hexdigest()


def trained(path: Path) -> str:
    with open_database(path, mode="create") as database:
        run_experiment(database, small_config(), "small", Silent())
        return weights_of(database)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained(tmp_path_factory.mktemp("undisturbed") / "results.db")


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_the_settings_of_a_host_program_change_no_bit_and_stay_as_they_were(host, undisturbed, tmp_path):
    with host():
        before = jax.numpy.ones(1).dtype, jax.config.jax_threefry_partitionable, jax.config.jax_debug_nans
        assert trained(tmp_path / "results.db") == undisturbed
        with open_database(tmp_path / "results.db", mode="write") as database:
            assert not compare(database, find_runs(database), ["ridge"]).empty
        assert held_out_tasks(small_config()).query.dtype == "float32"
        assert before == (jax.numpy.ones(1).dtype, jax.config.jax_threefry_partitionable, jax.config.jax_debug_nans)


def test_variables_of_the_shell_change_no_number_of_a_command(tmp_path):
    for name, variables in (("plain", {}), ("other", ENVIRONMENT)):
        command = [sys.executable, "-m", "icl_cli", "train", *TINY, "--seed=3", "--db", f"{name}.db"]
        subprocess.run(command, check=True, cwd=tmp_path, env=os.environ | variables, capture_output=True)
    assert recorded(tmp_path / "plain.db") == recorded(tmp_path / "other.db")


@pytest.mark.parametrize("setting", REQUIRED)
def test_a_setting_that_cannot_be_fixed_is_refused_by_name(setting, monkeypatch):
    monkeypatch.setattr(type(jax.config), setting, "another", raising=False)
    with pytest.raises(UsageError, match=f"{setting.upper()}: another given"), fixed_numerics():
        pass


def test_products_of_matrices_are_of_full_precision():
    with fixed_numerics():
        program = jax.jit(jax.numpy.dot).lower(*[jax.numpy.ones((3, 3))] * 2).as_text()
    assert "HIGHEST" in program


ONE_DEVICE = """
import sys
import jax
assert len(jax.local_devices()) == 1
sys.path.insert(0, sys.argv[1])
from small_runs import small_config
from icl_cli import open_database, train
with open_database(sys.argv[2], mode="create") as database:
    print(train(database, small_config(), name="small").provenance["command"])
"""


def test_a_program_with_one_device_trains_to_the_bits_of_many(tmp_path, undisturbed):
    script = tmp_path / "notebook.py"
    script.write_text(ONE_DEVICE, encoding="utf-8")
    words = [sys.executable, str(script), str(Path(__file__).parent), str(tmp_path / "results.db")]
    answer = subprocess.run(words, check=True, capture_output=True, text=True)
    with open_database(tmp_path / "results.db") as database:
        assert weights_of(database) == undisturbed
    # The run records the command of the program, not that of the process that it started.
    assert answer.stdout.startswith("notebook.py ")


def test_what_goes_wrong_in_the_other_process_is_raised_here(tmp_path):
    with open_database(tmp_path / "results.db", mode="create") as database:
        run = run_in_own_process(database, small_config(), "small")
        again = run_in_own_process(database, small_config(), "small")
        assert (run.outcome, again.outcome, again.run.status) == ("new", "ended", "finished")
        with pytest.raises(BusyError, match="taken"):
            _claim(database, '{"error": "BusyError", "message": "taken"}', 0)
        with pytest.raises(IclError, match="ended with code -9"):
            _claim(database, "", -9)
