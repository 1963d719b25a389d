"""The learned curvature correction: its rate, its eigenvalue map and condition numbers, in closed form."""

import jax.numpy as jnp
import numpy as np
import pytest
from configs import draw_episodes, task_config
from quick_cases import quick_cases

from icl_cli.analysis import condition_numbers, corrected_eigenvalues, learned_curvature, measured_spectra
from icl_cli.constructions import gd_plus_plus_transformer
from icl_cli.models import LinearAttention

SIZES = [(10, 10, 1), (3, 20, 2), (8, 4, 1)]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("scale", [1.0, 0.02, -5.0])
@pytest.mark.parametrize("rate", [0.0, 0.176, -0.3])
def test_the_constructions_rate_is_found_however_its_products_are_scaled(rate, scale):
    attention = gd_plus_plus_transformer([5.0], [rate], 6, 2, 10).blocks[0].attention
    moved = LinearAttention.from_products(
        attention.key_query_products * scale, attention.projection_value_products / scale
    )
    learned = learned_curvature(moved, 6)
    assert learned.rate == pytest.approx(rate, rel=1e-12, abs=1e-15)
    assert np.isnan(learned.residual) if rate == 0 else learned.residual == pytest.approx(0, abs=1e-12)


@pytest.mark.usefixtures("float64")
def test_rate_and_residual_are_the_projection_of_the_whole_map_on_the_identity():
    random = np.random.default_rng(0)
    key_query, projection_value = random.normal(size=(2, 3, 5, 5))
    whole = -sum(np.kron(p[:4, :4], k[:4, :4].T) for p, k in zip(projection_value, key_query, strict=True))
    identity = np.eye(16)
    rate = np.sum(whole * identity) / 16
    attention = LinearAttention.from_products(jnp.asarray(key_query), jnp.asarray(projection_value))
    learned = learned_curvature(attention, 4)
    assert learned.rate == pytest.approx(rate, rel=1e-12)
    assert learned.residual == pytest.approx(np.sum((whole - rate * identity) ** 2) / np.sum(whole**2), rel=1e-12)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("inputs", "context", "outputs"), SIZES)
@pytest.mark.parametrize("rate", quick_cases([0.176, 0.05, 0.6], 1))
def test_the_constructions_eigenvalues_follow_the_formula(inputs, context, outputs, rate):
    episodes = draw_episodes(task_config(input_size=inputs, context_length=context, output_size=outputs), 20)
    spectra = measured_spectra(gd_plus_plus_transformer([5.0], [rate], inputs, outputs, context), episodes)
    drawn = np.asarray(episodes.context.inputs, np.float64)
    expected = np.linalg.eigvalsh(drawn @ drawn.transpose(0, 2, 1))[:, ::-1][:, : min(inputs, context)]
    np.testing.assert_allclose(spectra.before, expected, rtol=1e-9, atol=1e-12)
    polynomial = expected - 2 * rate * expected**2 + rate**2 * expected**3
    np.testing.assert_allclose(spectra.along, polynomial, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(corrected_eigenvalues(spectra.before, rate), polynomial, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(spectra.after, -np.sort(-polynomial, axis=1), rtol=1e-8, atol=1e-12)


def test_condition_numbers_of_known_spectra():
    spectra = np.array([[4.0, 2.0, 1.0], [3.0, 3.0, 3.0], [2.0, 1.0, 0.0]])
    np.testing.assert_array_equal(condition_numbers(spectra), [4.0, 1.0, np.inf])
    # γ = 1/4 removes the largest eigenvalue: 4 (1 - 4/4)² = 0, which leaves a singular matrix.
    assert condition_numbers(corrected_eigenvalues(spectra, 0.25))[0] == np.inf


def test_a_small_rate_lowers_every_condition_number_and_a_large_one_raises_them():
    """Of eigenvalues a > b with γ a < 1, a (1 - γ a)² / (b (1 - γ b)²) < a / b; beyond, a grows as γ² a³."""
    spectra = np.random.default_rng(0).uniform(0.1, 2.0, size=(100, 5))
    plain = condition_numbers(spectra)
    assert np.all(condition_numbers(corrected_eigenvalues(np.sort(spectra[:, :2]), 0.2)) < plain.max())
    pairs = np.sort(spectra[:, :2], axis=1)
    close = condition_numbers(corrected_eigenvalues(pairs, 0.05))
    far = condition_numbers(corrected_eigenvalues(pairs, 100.0))
    assert np.all(close < condition_numbers(pairs))
    assert np.all(far > condition_numbers(pairs))
