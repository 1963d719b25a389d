"""JAX on four CPU devices, and every shape annotation of the package checked while the tests run."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

from collections.abc import Iterator

import jax
import jaxtyping
import pytest
from postgresql_server import Server, running_server

# More than the machine may have: batches must be shared out right, not fast.
jax.config.update("jax_num_cpu_devices", 4)
jaxtyping.install_import_hook("icl_cli", "shape_checks.check_shapes")

from icl_cli.compilation import keep_compiled_programs  # noqa: E402

# Most of the time goes into compiling, and the next test run need not do it again.
keep_compiled_programs()


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
