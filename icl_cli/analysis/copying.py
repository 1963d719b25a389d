"""Does the first layer copy (section 4, Figure 5)? How much tokens after it depend on tokens before it.

For the derivatives J_ji of token j after the layer, by the x- and y-entries of token i before it, two definitions:

    mean-of-norms   mean over tasks of |J_ji|, the Frobenius norm (the paper's text)
    norm-of-mean    norm of the mean over tasks of 1ᵀ J_ji, the gradient of the token's sum (the paper's code)

Both are averaged over tokens j with a next one: "self" has i = j, "next" i = j + 1, "others" all other sources, among
which the paper's code also counts the next. Positional encodings are no input, so no derivative is taken by them.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from icl_cli.analysis.estimate import Estimate, Sums, over_tasks
from icl_cli.errors import unknown_name
from icl_cli.models import Transformer
from icl_cli.tasks import Episode

CopyingDefinition = Literal["mean-of-norms", "norm-of-mean"]

# Derivatives of that many tasks are held at once.
TASKS_AT_ONCE = 250


def copying_sensitivities(model: Transformer, episodes: Episode, definition: CopyingDefinition) -> dict[str, Estimate]:
    """How much a token depends on itself ("self"), the "next" token and, on average, any of the "others".

    **Arguments**: `episodes`, a batch along the leading axis, have at least three sources, or "others" is not a number.
    The standard error of a norm of means is that of its linearisation. Raises `UsageError` for an unknown `definition`.
    """
    if definition not in DEFINITIONS:
        raise unknown_name("definition", definition, DEFINITIONS)
    return {name: sums.estimate() for name, sums in _sensitivities(model, episodes, definition).items()}


@eqx.filter_jit
def _sensitivities(model: Transformer, episodes: Episode, definition: CopyingDefinition) -> dict[str, Sums]:
    tokens = jax.vmap(model.embed)(episodes.context, episodes.query)
    sources = tokens.shape[1] - (not model.query_in_context)
    entries = episodes.query.shape[1] + episodes.target.shape[1]

    def by_source(source: Int[Array, ""]) -> Float[Array, "tasks sources"]:
        def derivative(tokens: Float[Array, "tokens channels"]) -> Float[Array, "tokens channels entries"]:
            def layer(entries_of_source: Float[Array, " entries"]) -> Float[Array, "tokens channels"]:
                return model.layer(tokens.at[source, :entries].set(entries_of_source), 0)

            return jax.jacfwd(layer)(tokens[source, :entries])

        return DEFINITIONS[definition](derivative, tokens)[:, :sources]

    found = jax.lax.map(by_source, jnp.arange(sources))
    weights = _places(sources, next_is_other=definition == "norm-of-mean")
    return {name: over_tasks(jnp.einsum("itj,ij->t", found, weight)) for name, weight in weights.items()}


Derivative = Callable[[Float[Array, "tokens channels"]], Float[Array, "tokens channels entries"]]


def _norms(derivative: Derivative, tokens: Float[Array, "tasks tokens channels"]) -> Float[Array, "tasks tokens"]:
    """|J_ji| of every task."""

    def measure(one: Float[Array, "tokens channels"]) -> Float[Array, " tokens"]:
        return jnp.linalg.norm(derivative(one), axis=(1, 2))

    return jax.lax.map(measure, tokens, batch_size=TASKS_AT_ONCE)


def _along_the_mean(
    derivative: Derivative, tokens: Float[Array, "tasks tokens channels"]
) -> Float[Array, "tasks tokens"]:
    """What every task's 1ᵀ J_ji measures along their mean: numbers whose mean is the norm of the mean."""
    gradients = jax.lax.map(lambda one: jnp.sum(derivative(one), axis=1), tokens, batch_size=TASKS_AT_ONCE)
    mean = jnp.mean(gradients, axis=0)
    norm = jnp.linalg.norm(mean, axis=1, keepdims=True)
    return jnp.einsum("tje,je->tj", gradients, jnp.where(norm > 0, mean / jnp.where(norm > 0, norm, 1.0), 0.0))


DEFINITIONS: Mapping[str, Callable[[Derivative, Array], Float[Array, "tasks tokens"]]] = {
    "mean-of-norms": _norms,
    "norm-of-mean": _along_the_mean,
}


def _places(sources: int, next_is_other: bool) -> dict[str, Float[Array, "sources sources"]]:
    """Weights [i, j] of a mean over tokens j that have a next one and, for the others, over i."""
    has_next = jnp.arange(sources) < sources - 1
    itself, following = jnp.eye(sources), jnp.eye(sources, k=-1)
    others = 1 - itself - (0 if next_is_other else following)
    masks = {"self": itself * has_next, "next": following, "others": others * has_next}
    return {name: mask / jnp.sum(mask) for name, mask in masks.items()}
