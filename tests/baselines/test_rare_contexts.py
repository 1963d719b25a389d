"""Rare contexts against plain simulation and against the exact law of one eigenvalue."""

from math import factorial

import numpy as np
import pytest

from icl_cli.baselines.rare_contexts import context_eigenvalues, with_rare_contexts


def sample(seed, n, d, ordinary=20_000, **settings):
    random = np.random.default_rng(seed)
    return with_rare_contexts(random, [random.uniform(-1, 1, (ordinary, n, d))], **settings)


@pytest.mark.parametrize("n", [2, 3])
def test_probabilities_of_the_far_tail_are_exact_where_a_formula_knows_them(n):
    """d = 1: P(Σ x_i² > n - ε) for small ε is the chance that Σ (1 - |x_i|) < ε / 2, which is (ε / 2)ⁿ / n!.

    1 - x² = 2 (1 - |x|) - (1 - |x|)² shifts it by a fraction of order ε.
    """
    found = [sample(seed, n, 1, particles=1024) for seed in range(4)]
    gap = 0.02 if n == 2 else 0.06
    values = [each.weights[each.eigenvalues[:, -1] > n - gap].sum() for each in found]
    assert np.mean(values) == pytest.approx((gap / 2) ** n / factorial(n), rel=0.25)


def test_ordinary_contexts_and_their_tail_agree_with_a_plain_sample():
    n = d = 4
    plain = context_eigenvalues(np.random.default_rng(99).uniform(-1, 1, (200_000, n, d)))[:, -1]
    found = sample(0, n, d)
    assert found.weights.sum() == pytest.approx(1, rel=1e-12)
    for quantile in (0.5, 0.99, 0.999, 0.9999):
        level = np.quantile(plain, quantile)
        share = found.weights[found.eigenvalues[:, -1] > level].sum()
        assert share == pytest.approx(1 - quantile, rel=0.3)


def test_rare_inputs_have_their_eigenvalues_and_the_sample_is_deterministic():
    first, second = (sample(3, 5, 3, ordinary=3000, levels=4, particles=128) for _ in range(2))
    np.testing.assert_array_equal(first.rare_inputs, second.rare_inputs)
    assert np.abs(first.rare_inputs).max() <= 1
    np.testing.assert_allclose(
        context_eigenvalues(first.rare_inputs), first.eigenvalues[first.levels > 0], rtol=1e-4, atol=1e-6
    )
    bounds = np.array([0, *first.thresholds])
    assert (first.eigenvalues[:, -1] >= bounds[first.levels] - 1e-12).all()


def test_without_levels_it_is_the_plain_sample():
    found = sample(1, 3, 2, ordinary=500, levels=0)
    assert found.rare_inputs.shape == (0, 3, 2)
    np.testing.assert_allclose(found.weights, 1 / 500)
