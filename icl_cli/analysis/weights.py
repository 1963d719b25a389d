"""The products that a trained layer computes with (Appendix A.4, Figure 9)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_cli.models import Transformer


@dataclass(frozen=True)
class LayerProducts:
    """W_KQ and W_PV of one head of one layer, counted from 0."""

    layer: int
    head: int
    key_query: Float[np.ndarray, "channels channels"]
    projection_value: Float[np.ndarray, "channels channels"]


def layer_products(model: Transformer) -> list[LayerProducts]:
    """The products of every head of every layer with weights of its own."""
    return [
        LayerProducts(index, head, np.asarray(key_query), np.asarray(projection_value))
        for index, block in enumerate(model.blocks)
        for head, (key_query, projection_value) in enumerate(
            zip(block.attention.key_query_products, block.attention.projection_value_products, strict=True)
        )
    ]
