"""Positional encodings, concatenated to the tokens (Appendix A.5, A.12)."""

import numpy as np
from jaxtyping import Float

from icl_cli.config import PositionalEncoding


def sinusoidal(positions: int, size: int) -> Float[np.ndarray, "positions size"]:
    """sin and cos of position / 10000^(2i / size): sines in the first half of the channels, cosines in the second."""
    frequencies = 10_000.0 ** (-2 * np.arange((size + 1) // 2) / size)
    angles = np.arange(positions)[:, None] * frequencies
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)[:, :size]


def unit(positions: int, size: int) -> Float[np.ndarray, "positions size"]:
    """The unit vector of each position, as in the construction of Proposition 3; needs size ≥ positions."""
    return np.eye(positions, size)


def positional_encoding(kind: PositionalEncoding, positions: int, size: int) -> Float[np.ndarray, "positions size"]:
    """One row a token; no columns for "none"."""
    if kind == "none":
        return np.zeros((positions, 0))
    return {"sinusoidal": sinusoidal, "unit": unit}[kind](positions, size)
