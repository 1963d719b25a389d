"""Initial weights (Appendix A.12): truncated normal, with the standard deviation of either reading of the paper."""

import jax
from jaxtyping import Array, Float, PRNGKeyArray

from icl_cli.config import ModelConfig
from icl_cli.models.attention import Attention
from icl_cli.models.linear_attention import LinearAttention
from icl_cli.models.softmax_attention import SoftmaxAttention


def initial_matrix(key: PRNGKeyArray, fan_in: int, fan_out: int, config: ModelConfig) -> Float[Array, "fan_in fan_out"]:
    """A matrix with std sqrt(initial_scale / fan_in) ("fan-in") or initial_scale before truncation at 2 ("fixed")."""
    if config.initialisation == "fan-in":
        draw = jax.nn.initializers.variance_scaling(config.initial_scale, "fan_in", "truncated_normal")
    else:
        draw = jax.nn.initializers.truncated_normal(config.initial_scale)
    return draw(key, (fan_in, fan_out))


def initial_attention(key: PRNGKeyArray, kind: str, channels: int, config: ModelConfig) -> Attention:
    """One attention layer. The heads' projections have one fan-in, heads · key_size, for their sum is one matrix."""
    heads, key_size = config.heads, config.key_size
    key_key, query_key, value_key, projection_key = jax.random.split(key, 4)

    def into_heads(matrix_key: PRNGKeyArray) -> Float[Array, "heads key_size channels"]:
        return initial_matrix(matrix_key, channels, heads * key_size, config).T.reshape(heads, key_size, channels)

    out = initial_matrix(projection_key, heads * key_size, channels, config).reshape(heads, key_size, channels)
    matrices = (into_heads(key_key), into_heads(query_key), into_heads(value_key), out.transpose(0, 2, 1))
    return ATTENTION_KINDS[kind](matrices, config)


def _linear(matrices: tuple[Array, Array, Array, Array], _config: ModelConfig) -> Attention:
    return LinearAttention(*matrices)


def _softmax(matrices: tuple[Array, Array, Array, Array], config: ModelConfig) -> Attention:
    return SoftmaxAttention(*matrices, scaled=config.softmax_scaled)


ATTENTION_KINDS = {"linear": _linear, "softmax": _softmax}
