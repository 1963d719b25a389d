from pathlib import Path

import jax.numpy as jnp
import pytest
from jaxtyping import TypeCheckError
from shape_checks import PACKAGES_OF_ARRAYS

import icl_cli
from icl_cli.tasks import Context
from icl_cli.tasks.tokens import read_prediction


def test_every_module_with_shapes_is_checked():
    root = Path(icl_cli.__file__).parent
    modules = [path for path in root.rglob("*.py") if "from jaxtyping import" in path.read_text(encoding="utf-8")]
    names = [".".join(("icl_cli", *path.relative_to(root).with_suffix("").parts)) for path in modules]
    assert names
    assert [name for name in names if not name.startswith(tuple(PACKAGES_OF_ARRAYS))] == []


def test_shapes_are_checked_while_tests_run():
    with pytest.raises(TypeCheckError):
        Context(jnp.zeros((5, 3)), jnp.zeros((4, 1)))
    with pytest.raises(TypeCheckError):
        read_prediction(jnp.zeros(3), 2, 1)
