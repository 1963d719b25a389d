import jax.numpy as jnp
import pytest
from jaxtyping import TypeCheckError

from icl_cli.tasks import Context
from icl_cli.tasks.tokens import read_prediction


def test_shapes_are_checked_while_tests_run():
    with pytest.raises(TypeCheckError):
        Context(jnp.zeros((5, 3)), jnp.zeros((4, 1)))
    with pytest.raises(TypeCheckError):
        read_prediction(jnp.zeros(3), 2, 1)
