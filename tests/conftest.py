"""JAX on four CPU devices, and every shape annotation of the package checked while the tests run."""

import os
import sys

from platformdirs import user_cache_path

os.environ["JAX_PLATFORMS"] = "cpu"
# Half of the time goes into compiling, a third of it into programs too small for the cache that users have. Here all
# are kept, for every process that the tests start, for the next test run, and for that of another clone.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(user_cache_path("icl") / "compiled-by-tests"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")

from collections.abc import Iterator

import jax
import jaxtyping
import pytest
from postgresql_server import Server, running_server
from shape_checks import PACKAGES_OF_ARRAYS

# The processes that tests start read the package as those of users do, compiled, whatever the shell asks for.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# More than the machine may have: batches must be shared out right, not fast.
jax.config.update("jax_num_cpu_devices", 4)
jaxtyping.install_import_hook(PACKAGES_OF_ARRAYS, "shape_checks.check_shapes")


@pytest.fixture
def float64() -> Iterator[None]:
    """The test computes in float64; without it, in float32."""
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of this process."""
    with running_server() as server:
        yield server
