"""Initial weights (Appendix A.12): truncated normal, with the standard deviation of either reading of the paper."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.config import ModelConfig, RunConfig
from icl_cli.models.attention import Attention
from icl_cli.models.gradient_descent_attention import INITIAL_LEARNING_RATE, GradientDescentAttention
from icl_cli.models.linear_attention import LinearAttention
from icl_cli.models.softmax_attention import SoftmaxAttention


def initial_matrix(key: PRNGKeyArray, fan_in: int, fan_out: int, config: ModelConfig) -> Float[Array, "fan_in fan_out"]:
    """A matrix with std sqrt(initial_scale / fan_in) ("fan-in") or initial_scale before truncation at 2 ("fixed")."""
    if config.initialisation == "fan-in":
        draw = jax.nn.initializers.variance_scaling(config.initial_scale, "fan_in", "truncated_normal")
    else:
        draw = jax.nn.initializers.truncated_normal(config.initial_scale)
    return draw(key, (fan_in, fan_out))


def initial_attention(key: PRNGKeyArray, kind: str, config: RunConfig) -> Attention:
    """One attention layer of a kind."""
    return ATTENTION_KINDS[kind](key, config)


def _matrices(key: PRNGKeyArray, config: RunConfig) -> tuple[Array, Array, Array, Array]:
    """W_K, W_Q, W_V, P. The heads' projections have one fan-in, heads · key_size, for their sum is one matrix."""
    model, channels = config.model, config.token_size
    heads, key_size = model.heads, model.key_size
    key_key, query_key, value_key, projection_key = jax.random.split(key, 4)

    def into_heads(matrix_key: PRNGKeyArray) -> Float[Array, "heads key_size channels"]:
        return initial_matrix(matrix_key, channels, heads * key_size, model).T.reshape(heads, key_size, channels)

    out = initial_matrix(projection_key, heads * key_size, channels, model).reshape(heads, key_size, channels)
    return into_heads(key_key), into_heads(query_key), into_heads(value_key), out.transpose(0, 2, 1)


def _linear(key: PRNGKeyArray, config: RunConfig) -> Attention:
    return LinearAttention(*_matrices(key, config))


def _softmax(key: PRNGKeyArray, config: RunConfig) -> Attention:
    return SoftmaxAttention(*_matrices(key, config), scaled=config.model.softmax_scaled)


def _gradient_descent(_key: PRNGKeyArray, config: RunConfig) -> Attention:
    task = config.task
    rate = jnp.asarray(INITIAL_LEARNING_RATE)
    return GradientDescentAttention(rate, config.token_size, task.output_size, task.context_length)


ATTENTION_KINDS: Mapping[str, Callable[[PRNGKeyArray, RunConfig], Attention]] = {
    "linear": _linear,
    "softmax": _softmax,
    "gradient-descent": _gradient_descent,
}
