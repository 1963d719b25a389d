"""Tasks outside the training distribution (Figures 2, 6; Appendix A.2).

A shift says how the N + 1 inputs are drawn, and by what factor inputs and teacher are scaled afterwards.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.config import UnseenInputs
from icl_cli.errors import unknown_name

DrawInputs = Callable[[PRNGKeyArray, tuple[int, int]], Float[Array, "examples inputs"]]


def unseen_inputs(key: PRNGKeyArray, shape: tuple[int, int]) -> Float[Array, "examples inputs"]:
    """Standard normal, exponential or Laplace inputs, one kind per task with chance 1/3 each (Appendix A.2)."""
    kind_key, draw_key = jax.random.split(key)
    draws = [
        lambda k: jax.random.normal(k, shape),
        lambda k: jax.random.exponential(k, shape),
        lambda k: jax.random.laplace(k, shape),
    ]
    return jax.lax.switch(jax.random.randint(kind_key, (), 0, len(draws)), draws, draw_key)


def normalised_unseen_inputs(key: PRNGKeyArray, shape: tuple[int, int]) -> Float[Array, "examples inputs"]:
    """Unseen inputs, query included, divided by the Frobenius norm of the context's, as in the authors' code."""
    inputs = unseen_inputs(key, shape)
    return inputs / jnp.linalg.norm(inputs[:-1])


UNSEEN_INPUTS: Mapping[UnseenInputs, DrawInputs] = {"normalised": normalised_unseen_inputs, "plain": unseen_inputs}


class Shift(eqx.Module):
    """How tasks differ from training.

    **Fields**: `inputs` in place of those that the task draws (None: its own), then α on inputs or on the teacher.
    """

    inputs: Float[Array, "*batch examples inputs"] | None = None
    input_scale: float | Float[Array, ""] = 1.0
    teacher_scale: float | Float[Array, ""] = 1.0


NO_SHIFT = Shift()

SHIFT_KINDS: Mapping[str, str] = {
    "inputs": "training inputs times α",
    "teacher": "teacher times α",
    "unseen-inputs": "never-seen input distributions times α",
    "unseen-teacher": "never-seen input distributions, teacher times α",
}


def shift_strengths(
    kind: str, scales: Sequence[float], unseen: Callable[[], Float[Array, "*batch examples inputs"]]
) -> Iterator[Shift]:
    """The shifts of one of `SHIFT_KINDS` at each strength α; inputs, where unseen ones are meant, are drawn once.

    Raises `UsageError` for any other kind.
    """
    if kind not in SHIFT_KINDS:
        raise unknown_name("shift", kind, SHIFT_KINDS)
    inputs = unseen() if kind.startswith("unseen") else None
    # Both as arrays: numbers would be constants of a program that is then compiled for every kind and strength.
    one = jnp.ones(())
    for scale in jnp.asarray(scales, one.dtype):
        yield Shift(inputs, scale, one) if kind.endswith("inputs") else Shift(inputs, one, scale)
