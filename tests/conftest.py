"""JAX on the CPU, and every shape annotation of the package checked while the tests run."""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

from collections.abc import Iterator

import jax
import jaxtyping
import pytest

jaxtyping.install_import_hook("icl_cli", "shape_checks.check_shapes")


@pytest.fixture
def float64() -> Iterator[None]:
    """The test computes in float64; without it, in float32."""
    with jax.enable_x64(True):
        yield
