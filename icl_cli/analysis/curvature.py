"""The curvature correction that a layer learned (Figure 13, Appendix A.10).

Without the blocks of the products in which x and y mix, a layer moves inputs by x ← x + Σ_h A_h X Xᵀ B_h x, where
A_h = W_PV,h[x, x] and B_h = W_KQ,h[x, x]. GD++ does x ← (I - γ X Xᵀ) x, and the eigenvalues of X Xᵀ become

    λ (1 - γ λ)² = λ - 2 γ λ² + γ² λ³.

Contexts of fewer pairs than an input has entries span only so many directions; eigenvalues are those of these.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from icl_cli.analysis.estimate import TASKS_AT_ONCE
from icl_cli.models import Attention, Transformer
from icl_cli.tasks import Episode


class LearnedCurvature(NamedTuple):
    """What of a layer's map X Xᵀ ↦ -Σ_h A_h X Xᵀ B_h is the correction γ X Xᵀ.

    **Fields**: `rate` γ; `residual`, the share in [0, 1] of the map's energy (squared Frobenius norm) that is not.
    """

    rate: float
    residual: float


def learned_curvature(attention: Attention, inputs: int) -> LearnedCurvature:
    """γ of a layer: -Σ_h (mean diagonal entry of A_h) · (mean diagonal entry of B_h).

    As a matrix the map is -Σ_h A_h ⊗ B_hᵀ, and γ is its projection on the identity. So γ does not change when a
    factor moves between W_PV and W_KQ, and its square times d² is its part of the energy. The residual of a map that
    is zero is NaN.
    """
    values = np.asarray(attention.projection_value_products, np.float64)[:, :inputs, :inputs]
    key_queries = np.asarray(attention.key_query_products, np.float64)[:, :inputs, :inputs]
    rate = -np.sum(np.trace(values, axis1=1, axis2=2) * np.trace(key_queries, axis1=1, axis2=2)) / inputs**2
    energy = np.sum(np.einsum("hij,gij->hg", values, values) * np.einsum("hij,gij->hg", key_queries, key_queries))
    residual = 1 - (rate * inputs) ** 2 / energy if energy > 0 else np.nan
    return LearnedCurvature(float(rate), float(np.maximum(residual, 0.0)))


def corrected_eigenvalues(
    eigenvalues: Float[np.ndarray, "*shape"], curvature_rate: float
) -> Float[np.ndarray, "*shape"]:
    """λ - 2 γ λ² + γ² λ³, as a square so that it stays positive."""
    return eigenvalues * (1 - curvature_rate * eigenvalues) ** 2


class Spectra(NamedTuple):
    """Eigenvalues of X Xᵀ of many tasks before and after a layer.

    **Fields**: `before`, descending; `along`, uᵀ X₊ X₊ᵀ u for the eigenvectors u from before, in the same order: the
    transformed eigenvalue of each where the layer applies a function of X Xᵀ; `after`, of X₊ X₊ᵀ, descending.
    """

    before: Float[np.ndarray, "tasks eigenvalues"]
    along: Float[np.ndarray, "tasks eigenvalues"]
    after: Float[np.ndarray, "tasks eigenvalues"]


def measured_spectra(model: Transformer, episodes: Episode) -> Spectra:
    """What the first layer of `model` does to the spectra of `episodes` (a batch along the leading axis)."""
    before, after = (np.asarray(inputs, np.float64) for inputs in _transformed_inputs(model, episodes))
    _, singular_values, eigenvectors = np.linalg.svd(before, full_matrices=False)
    along = np.sum((after @ eigenvectors.transpose(0, 2, 1)) ** 2, axis=1)
    return Spectra(singular_values**2, along, np.linalg.svd(after, compute_uv=False) ** 2)


def condition_numbers(eigenvalues: Float[np.ndarray, "tasks eigenvalues"]) -> Float[np.ndarray, " tasks"]:
    """The largest over the smallest eigenvalue of every task; infinite if the smallest is 0."""
    smallest = eigenvalues.min(axis=1)
    positive = smallest > 0
    return np.where(positive, eigenvalues.max(axis=1) / np.where(positive, smallest, 1.0), np.inf)


@eqx.filter_jit
def _transformed_inputs(
    model: Transformer, episodes: Episode
) -> tuple[Float[Array, "tasks context inputs"], Float[Array, "tasks context inputs"]]:
    """The context's inputs before and after the first layer."""

    def transform(
        episode: Episode,
    ) -> tuple[Float[Array, "context inputs"], Float[Array, "context inputs"]]:
        moved = model.layer(model.embed(episode.context, episode.query), 0)
        return episode.context.inputs, moved[:-1, : episode.query.shape[0]]

    count = jnp.shape(episodes.query)[0]
    return jax.lax.map(transform, episodes, batch_size=min(TASKS_AT_ONCE, count))
