"""The same training as a careful notebook would write it: what the product is measured against.

One jitted step per Python call, JAX's own random numbers under a new key each step, attention as einsums over all
tokens with keys, queries, values and projections apart, and optax. No care for layout, fusion or unused results.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from icl_cli.config import RunConfig


class Weights(NamedTuple):
    """Matrices of every layer with weights of its own, and of the embedding, if there is one."""

    layers: list[dict[str, Array]]
    embedding: dict[str, Array] | None = None


def initial_weights(key: Array, config: RunConfig) -> Weights:
    """Random matrices of every layer with weights of its own."""
    model, channels = config.model, config.token_size
    keys = jax.random.split(key, (model.distinct_layers, 4))
    shape = (model.heads, model.key_size, channels)
    scale = (model.initial_scale / channels) ** 0.5
    names = ("key", "query", "value", "projection")
    layers = [
        {name: scale * jax.random.normal(k, shape) for name, k in zip(names, layer, strict=True)} for layer in keys
    ]
    return Weights(layers, None if model.embedding_size is None else initial_embedding(key, config))


def initial_embedding(key: Array, config: RunConfig) -> dict[str, Array]:
    """Random matrices and zero biases of the embedding."""
    size, widening = config.model.embedding_size, config.model.embedding_widening
    shapes = {"tokens": (size, 2), "hidden": (widening * size, size), "out": (size, widening * size)}
    keys = jax.random.split(key, len(shapes))
    matrices = {
        name: (config.model.initial_scale / shape[1]) ** 0.5 * jax.random.normal(k, shape)
        for k, (name, shape) in zip(keys, shapes.items(), strict=True)
    }
    return {**matrices, "hidden_bias": jnp.zeros(widening * size), "out_bias": jnp.zeros(size)}


def draw(key: Array, config: RunConfig) -> tuple[Array, Array]:
    """Tokens (batch, N + 1 or, interleaved, 2N + 1, channels) with the query's answer hidden, and the answers."""
    task, count = config.task, config.training.batch_size
    inputs_key, teacher_key = jax.random.split(key)
    width = task.input_half_width
    inputs = jax.random.uniform(
        inputs_key, (count, task.context_length + 1, task.input_size), minval=-width, maxval=width
    )
    if task.kind == "sine":
        targets = draw_wave(teacher_key, config)(inputs)
        return jnp.concatenate([inputs, targets.at[:, -1].set(0)], axis=-1), targets[:, -1]
    teacher = task.teacher_scale * jax.random.normal(teacher_key, (count, task.output_size, task.input_size))
    targets = jnp.einsum("bod,bnd->bno", teacher, inputs)
    tokens = jnp.concatenate([inputs, targets.at[:, -1].set(0)], axis=-1)
    if config.model.tokens == "interleaved":
        tokens = interleaved(tokens, task.input_size, config.model.positional_size)
    return tokens, targets[:, -1]


def interleaved(pairs: Array, inputs: int, size: int) -> Array:
    """(x, 0) and (0, y) in turn, the query last, each with a sinusoidal encoding of its position."""
    of_x = jnp.arange(pairs.shape[-1]) < inputs
    halves = jnp.stack([jnp.where(of_x, pairs, 0), jnp.where(of_x, 0, pairs)], axis=2)
    tokens = halves.reshape(pairs.shape[0], -1, pairs.shape[-1])[:, :-1]
    angles = jnp.arange(tokens.shape[1])[:, None] * 10_000 ** (-jnp.arange(0, size, 2) / size)
    encodings = jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)[:, :size]
    return jnp.concatenate([tokens, jnp.broadcast_to(encodings, (tokens.shape[0], *encodings.shape))], axis=-1)


def draw_wave(key: Array, config: RunConfig) -> Callable[[Array], Array]:
    """A sine wave for every episode; one draw decides amplitude and phase."""
    task = config.task
    place = jax.random.uniform(key, (config.training.batch_size, 1, 1))
    amplitude = task.amplitude_low + (task.amplitude_high - task.amplitude_low) * place
    return lambda inputs: amplitude * jnp.sin(inputs + math.pi * place)


def embed(tokens: Array, weights: dict[str, Array]) -> Array:
    """Every token as the embedding and its perceptron have it."""
    tokens = jnp.einsum("bte,ce->btc", tokens, weights["tokens"])
    hidden = jax.nn.gelu(jnp.einsum("btc,hc->bth", tokens, weights["hidden"]) + weights["hidden_bias"])
    return tokens + jnp.einsum("bth,ch->btc", hidden, weights["out"]) + weights["out_bias"]


def attention(tokens: Array, layer: dict[str, Array], kind: str) -> Array:
    """One layer of self-attention on all tokens of all episodes; the query token is no key or value."""
    keys, queries, values = (jnp.einsum("btc,hkc->bhtk", tokens, layer[name]) for name in ("key", "query", "value"))
    logits = jnp.einsum("bhtk,bhsk->bhts", queries, keys[:, :, :-1])
    weights = logits if kind == "linear" else jax.nn.softmax(logits / keys.shape[-1] ** 0.5, axis=-1)
    mixed = jnp.einsum("bhts,bhsk->bhtk", weights, values[:, :, :-1])
    return tokens + jnp.einsum("bhtk,hkc->btc", mixed, layer["projection"])


def loss(weights: Weights, tokens: Array, answers: Array, config: RunConfig) -> Array:
    """Mean of half the squared error."""
    first = config.task.input_size
    if weights.embedding is not None:
        tokens = embed(tokens, weights.embedding)
        first = config.token_size - config.task.output_size
    for index in range(config.model.layers):
        position = index % len(weights.layers)
        tokens = attention(tokens, weights.layers[position], config.model.attention[position])
        if config.model.token_clip is not None:
            tokens = jnp.clip(tokens, -config.model.token_clip, config.model.token_clip)
    predictions = -tokens[:, -1, first : first + config.task.output_size]
    return 0.5 * jnp.mean(jnp.sum((predictions - answers) ** 2, axis=-1))


def make_steps(config: RunConfig) -> Callable[[int], Any]:
    """A function that takes so many steps, one call each, and returns the weights when they are computed."""
    training = config.training
    adam = optax.adam(training.learning_rate, b1=training.adam_b1, b2=training.adam_b2)
    optimiser = optax.chain(optax.clip_by_global_norm(training.gradient_clip), adam)

    @jax.jit
    def step(weights: Weights, state: Any, key: Array) -> tuple[Any, Any, Array, Array]:
        key, draw_key = jax.random.split(key)
        value, gradient = jax.value_and_grad(loss)(weights, *draw(draw_key, config), config)
        updates, state = optimiser.update(gradient, state, weights)
        return optax.apply_updates(weights, updates), state, key, value

    key = jax.random.key(config.seed)
    weights = initial_weights(key, config)
    state = optimiser.init(weights)

    def steps(count: int) -> Any:
        nonlocal weights, state, key
        for _ in range(count):
            weights, state, key, _ = step(weights, state, key)
        return jax.block_until_ready(weights)

    return steps
