"""How far the steps of a roll-out can be scaled before it diverges (Figure 10, Appendix A.6): predicted and measured.

A roll-out moves only the y-entries R of the tokens. With A_h = W_PV,h[y, y] and B_h = W_KQ,h[x, x], and without the
blocks of the products in which x and y mix (zero in the construction, small after training), one application is

    R ← R + λ Σ_h A_h R Xᵀ B_h X,   so that R = R₀ + C X with   C ← C + λ Σ_h A_h (R₀ + C X) Xᵀ B_h.

C moves by the linear map M: C ↦ -Σ_h A_h C X Xᵀ B_h, and a task's roll-out stays bounded if and only if |1 - λ μ| ≤ 1
for all eigenvalues μ ≠ 0 of M: λ ≤ 2 Re μ / |μ|². For the construction M is (η/N) X Xᵀ and the bound 2 over its largest
eigenvalue; for a trained layer, whose eigenvalues are all but real, it is 2 over the spectral radius of M.

The blocks left out act on products of R with itself. Once a mode has grown they can hold it at a bounded height, so a
trained layer may outlast the prediction by some per cent however long it is applied.
"""

import math

import numpy as np
from jaxtyping import Float

from icl_cli.analysis.roll_out import roll_out
from icl_cli.config import Loss
from icl_cli.models import Attention, Transformer
from icl_cli.tasks import Episode

# Eigenvalues below this fraction of a task's largest belong to directions that its context does not span.
RANK_TOLERANCE = 1e-9
# The measured λ* is found to this fraction of itself, between these bounds.
PRECISION = 1e-3
SMALLEST, LARGEST = 1e-6, 1e6


def predicted_critical_damping(model: Transformer, episodes: Episode) -> float:
    """λ*: the largest λ for which the first layer's roll-out of every task stays bounded.

    **Arguments**: the first layer of `model` is linear attention over merged tokens and nothing else; `episodes` are a
    batch along the leading axis. **Returns**: 0 if some task diverges for every λ > 0, infinity if none does for any.
    """
    return float(np.min(task_critical_dampings(model, episodes)))


def task_critical_dampings(model: Transformer, episodes: Episode) -> Float[np.ndarray, " tasks"]:
    """The critical λ of every task: min 2 Re μ / |μ|² over the eigenvalues μ of M, at least 0."""
    eigenvalues = np.linalg.eigvals(_maps(model, episodes))
    sizes = np.abs(eigenvalues)
    spanned = sizes > RANK_TOLERANCE * sizes.max(axis=1, keepdims=True)
    bounds = np.full(sizes.shape, np.inf)
    bounds[spanned] = 2 * eigenvalues.real[spanned] / sizes[spanned] ** 2
    return np.maximum(bounds.min(axis=1), 0.0)


def measured_critical_damping(model: Transformer, episodes: Episode, loss: Loss, steps: int) -> float:
    """The smallest λ at which the mean loss after `steps` ≥ 1 applications exceeds that before the first.

    For GD on noise-free tasks that loss is a convex function of λ, so there is one such point, and bisection finds it.
    It lies above the predicted λ*, because what diverges needs applications to outgrow what is learned, and comes down
    to it with more of them.

    **Returns**: 0 if the loss grows for every λ, infinity if for none.
    """

    def grows(damping: float) -> bool:
        losses = roll_out(model, episodes, loss, damping, steps)
        # Written so that a loss that is no number counts as grown.
        return not losses[-1].value <= losses[0].value

    low, high = 0.5, 1.0
    while not grows(high):
        low, high = high, 2 * high
        if high > LARGEST:
            return math.inf
    while grows(low):
        low, high = low / 2, low
        if low < SMALLEST:
            return 0.0
    while high - low > PRECISION * high:
        middle = (low + high) / 2
        low, high = (low, middle) if grows(middle) else (middle, high)
    return high


def _maps(model: Transformer, episodes: Episode) -> Float[np.ndarray, "tasks outputs_inputs outputs_inputs"]:
    """M of every task as a matrix that acts on the rows of C, one after the other: -Σ_h A_h ⊗ (X Xᵀ B_h)ᵀ."""
    inputs = np.asarray(episodes.context.inputs, np.float64)
    if model.query_in_context:
        inputs = np.concatenate([inputs, np.asarray(episodes.query, np.float64)[:, None]], axis=1)
    value_blocks, key_query_blocks = _blocks(model.blocks[0].attention, inputs.shape[2], episodes.target.shape[1])
    grams = inputs.transpose(0, 2, 1) @ inputs
    maps = -np.einsum("hpo,tik,hkj->tpjoi", value_blocks, grams, key_query_blocks)
    size = value_blocks.shape[1] * grams.shape[1]
    return maps.reshape(-1, size, size)


def _blocks(
    attention: Attention, inputs: int, outputs: int
) -> tuple[Float[np.ndarray, "heads outputs outputs"], Float[np.ndarray, "heads inputs inputs"]]:
    """A_h and B_h of every head."""
    targets = slice(inputs, inputs + outputs)
    projection_value = np.asarray(attention.projection_value_products, np.float64)
    key_query = np.asarray(attention.key_query_products, np.float64)
    return projection_value[:, targets, targets], key_query[:, :inputs, :inputs]
