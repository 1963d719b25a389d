"""Proposition 2: a perceptron m before attention turns gradient descent into kernel regression (section 4, A.8).

Tokens (x, y) become (m(x), y), and attention with the weights of Proposition 1 descends

    1/(2N) Σ_i |W m(x_i) - y_i|²   from W = 0.

K layers are K steps, of W or, what is the same, of regression with the kernel k(x, x') = m(x)ᵀ m(x').
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from icl_cli.constructions.gradient_descent import gradient_descent_layer
from icl_cli.models.block import Block
from icl_cli.models.embedding import Embedding
from icl_cli.models.transformer import Transformer


def kernel_regression_transformer(
    features: eqx.nn.MLP, learning_rates: Sequence[float] | Float[Array, " steps"], outputs: int, context_length: int
) -> Transformer:
    """A transformer that takes gradient steps with learning rates η_1 … η_K on the representation m = `features`.

    **Arguments**: `features` is a perceptron with one hidden layer, GELU and biases, from inputs to features.
    """
    embedding = feature_embedding(features, outputs)
    inputs = embedding.channels - outputs
    layers = [
        Block(gradient_descent_layer(rate, inputs, outputs, context_length)) for rate in jnp.asarray(learning_rates)
    ]
    return Transformer(tuple(layers), depth=len(layers), embedding=embedding)


def feature_embedding(features: eqx.nn.MLP, outputs: int) -> Embedding:
    """The embedding (x, y) → (m(x), 0, y), padded with zeros where x has more numbers than m(x).

    W_emb copies x and y, to the two ends. The residual x + … has to lose x again, by hidden units beside those of m:
    gelu(z) - gelu(-z) = z.
    """
    first, second = features.layers
    if first.bias is None or second.bias is None:
        raise ValueError("the perceptron of features must have biases")
    (hidden, inputs), count = first.weight.shape, second.weight.shape[0]
    channels = max(inputs, count) + outputs
    identity = jnp.eye(inputs, dtype=first.weight.dtype)
    into = jnp.concatenate([first.weight, identity, -identity])
    out = jnp.zeros((channels, hidden + 2 * inputs), first.weight.dtype)
    out = out.at[:count, :hidden].set(second.weight)
    out = out.at[:inputs, hidden:].set(jnp.concatenate([-identity, identity], axis=1))
    weights = jnp.zeros((channels, inputs + outputs), first.weight.dtype)
    weights = weights.at[:inputs, :inputs].set(identity).at[-outputs:, inputs:].set(jnp.eye(outputs))
    into = jnp.pad(into, ((0, 0), (0, channels - inputs)))
    biases = (jnp.pad(first.bias, (0, 2 * inputs)), jnp.pad(second.bias, (0, channels - count)))
    return Embedding(weights, _perceptron((into, out), biases))


def _perceptron(weights: tuple[Array, Array], biases: tuple[Array, Array]) -> eqx.nn.MLP:
    """The perceptron with these weights and biases."""
    hidden, channels = weights[0].shape
    mlp = eqx.nn.MLP(channels, channels, hidden, depth=1, activation=jax.nn.gelu, key=jax.random.key(0))
    return eqx.tree_at(lambda m: (*(x.weight for x in m.layers), *(x.bias for x in m.layers)), mlp, weights + biases)
