"""The line search of notebooks: every candidate learning rate on the same tasks, and the best of them.

Twice: as a careful notebook does it, with gradient descent written down and compiled once, and as the authors' does it,
with a transformer whose weights carry out gradient descent, and all tasks drawn again for every candidate.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import plain
from jax import Array

from icl_cli.config import RunConfig

# The authors' 250 candidates.
RATES = np.arange(0.001, 25, 0.1)


draw = jax.jit(plain.draw, static_argnums=1)
attention_loss = jax.jit(plain.loss, static_argnums=3)


@partial(jax.jit, static_argnames="steps")
def mean_loss(rate: Array, tokens: Array, answers: Array, steps: int) -> Array:
    """Mean squared error of so many explicit steps of gradient descent from W = 0, task by task."""
    outputs = answers.shape[-1]

    def predict(tokens: Array) -> Array:
        inputs, targets, query = tokens[:-1, :-outputs], tokens[:-1, -outputs:], tokens[-1, :-outputs]
        weights = jnp.zeros((outputs, inputs.shape[-1]))
        for _ in range(steps):
            errors = inputs @ weights.T - targets
            weights = weights - rate / inputs.shape[0] * errors.T @ inputs
        return weights @ query

    return jnp.mean(jnp.sum((jax.vmap(predict)(tokens) - answers) ** 2, axis=-1))


def careful_search(key: Array, config: RunConfig, rates: np.ndarray = RATES) -> float:
    """The best of `rates` for a model of `config`, on as many newly drawn tasks as its batch has."""
    tokens, answers = draw(key, config)
    return _best(rates, [mean_loss(rate, tokens, answers, config.model.layers) for rate in rates])


def authors_search(key: Array, config: RunConfig, rates: np.ndarray = RATES) -> float:
    """The same as the authors' code takes it."""
    return _best(rates, [attention_loss(descent_weights(rate, config), *draw(key, config), config) for rate in rates])


def descent_weights(rate: float, config: RunConfig) -> plain.Weights:
    """Layers that each take one step of gradient descent (Proposition 1)."""
    task = config.task
    inputs = jnp.concatenate([jnp.ones(task.input_size), jnp.zeros(task.output_size)])
    reads_inputs, reads_targets = jnp.diag(inputs)[None], jnp.diag(1 - inputs)[None]
    writes = -rate / task.context_length * reads_targets
    layer = {"key": reads_inputs, "query": reads_inputs, "value": reads_targets, "projection": writes}
    return plain.Weights([layer] * config.model.distinct_layers)


def _best(rates: np.ndarray, losses: list[Array]) -> float:
    return float(rates[int(np.nanargmin(np.asarray(losses)))])
