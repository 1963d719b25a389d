"""What learns: transformers over tokens, written for one episode."""

from icl_cli.models.attention import Attention, MatrixAttention
from icl_cli.models.batched import BatchedTransformer, batched, batched_predictions
from icl_cli.models.block import Block
from icl_cli.models.embedding import Embedding
from icl_cli.models.gradient_descent_attention import GradientDescentAttention
from icl_cli.models.linear_attention import LinearAttention
from icl_cli.models.serialisation import fitting_arrays, from_bytes, named_arrays, to_bytes
from icl_cli.models.softmax_attention import SoftmaxAttention
from icl_cli.models.transformer import Transformer, initial_transformer, transformer_skeleton

__all__ = [
    "Attention",
    "BatchedTransformer",
    "Block",
    "Embedding",
    "GradientDescentAttention",
    "LinearAttention",
    "MatrixAttention",
    "SoftmaxAttention",
    "Transformer",
    "batched",
    "batched_predictions",
    "fitting_arrays",
    "from_bytes",
    "initial_transformer",
    "named_arrays",
    "to_bytes",
    "transformer_skeleton",
]
