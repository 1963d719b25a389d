"""Densities, bins and medians against NumPy's own and closed forms."""

import math

import numpy as np
import pytest

from icl_cli.analysis import binned_means, densities, mean_estimate, median_estimate

VALUES = np.random.default_rng(0).exponential(size=(400, 6))


def test_densities_are_numpys_histogram_and_integrate_to_one():
    edges = np.linspace(0, VALUES.max(), 31)
    found = densities(VALUES, edges)
    expected, _ = np.histogram(VALUES, edges, density=True)
    np.testing.assert_allclose([each.value for each in found], expected, rtol=1e-12)
    assert sum(each.value for each in found) * (edges[1] - edges[0]) == pytest.approx(1, rel=1e-12)


def test_the_error_of_a_density_is_that_of_a_mean_over_independent_tasks():
    """Where all values of a task are one, a bin's share is a coin with p (1 - p) / n."""
    repeated = np.repeat(VALUES[:, :1], 6, axis=1)
    (first, _) = densities(repeated, np.array([0.0, 1.0, 100.0]))
    share = np.mean(VALUES[:, 0] < 1)
    assert first.standard_error == pytest.approx(math.sqrt(share * (1 - share) / 399), rel=1e-9)


def test_bins_hold_the_means_of_their_members_and_empty_ones_are_left_out():
    positions = np.array([[0.1, 0.2], [0.9, 5.0]])
    found = binned_means(positions, positions**2, np.array([0.0, 0.5, 1.0, 2.0, 6.0]))
    ((position, estimate),) = found
    assert position == pytest.approx(0.15)
    assert estimate.value == pytest.approx((0.01 + 0.04) / 2)
    assert estimate.standard_error == pytest.approx(0.03 / 2)


@pytest.mark.parametrize("count", [400, 10_000])
def test_the_median_of_exponentials_is_the_logarithm_of_two_with_the_asymptotic_error(count):
    """The error of a median is 1 / (2 f √n), with the density f = ½ at the median of an exponential."""
    random = np.random.default_rng(1)
    found = [median_estimate(random.exponential(size=count)) for _ in range(400)]
    medians = np.array([each.value for each in found])
    errors = np.array([each.standard_error for each in found])
    assert np.abs(medians.mean() - math.log(2)) < 5 / math.sqrt(400 * count)
    assert errors.mean() == pytest.approx(1 / math.sqrt(count), rel=0.1)
    assert medians.std() == pytest.approx(1 / math.sqrt(count), rel=0.15)


def test_infinite_values_make_an_infinite_mean_but_not_an_infinite_median():
    values = np.array([*np.linspace(1, 2, 99), np.inf])
    assert mean_estimate(values).value == math.inf
    assert math.isnan(mean_estimate(values).standard_error)
    assert median_estimate(values).value == pytest.approx(1.5, abs=0.02)
    assert math.isfinite(median_estimate(values).standard_error)
