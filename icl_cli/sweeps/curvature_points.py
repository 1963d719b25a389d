"""The curvature correction of a stored run as points: γ, eigenvalues, condition numbers (Figure 13, Appendix A.10)."""

import numpy as np

from icl_cli.analysis import (
    Estimate,
    Spectra,
    binned_means,
    condition_numbers,
    corrected_eigenvalues,
    densities,
    learned_curvature,
    mean_estimate,
    measured_spectra,
    median_estimate,
)
from icl_cli.store import CurvePoint
from icl_cli.sweeps.analysed_run import AnalysedRun

# γ up to so many times the tuned one, and bins of eigenvalues.
LARGEST_CURVATURE_FACTOR = 3.0
CURVATURE_RATES = 61
EIGENVALUE_BINS = 40


def curvature_points(analysed: AnalysedRun) -> list[CurvePoint]:
    """γ as learned and as tuned, the condition numbers that both leave, and what becomes of the eigenvalues."""
    learned = learned_curvature(analysed.model.blocks[0].attention, analysed.config.task.input_size)
    tuned = float(analysed.tuned("gd++").record.parameters["curvature_rates"][0])
    spectra = measured_spectra(analysed.model, analysed.episodes)
    return [
        analysed.scalar("curvature-rate", "model", learned.rate),
        analysed.scalar("curvature-rate", "gd++", tuned),
        analysed.scalar("curvature-residual", "model", learned.residual),
        *_condition_numbers(analysed, spectra, tuned),
        *_eigenvalue_map(analysed, spectra, learned.rate),
        *_eigenvalue_densities(analysed, spectra),
    ]


def _condition_numbers(analysed: AnalysedRun, spectra: Spectra, tuned: float) -> list[CurvePoint]:
    """Of the data after a step with each γ, and of what the model makes of them: there the median over tasks.

    With as many pairs as entries of an input the mean over tasks is infinite, and that over a sample means little.
    """
    rates = np.linspace(0.0, LARGEST_CURVATURE_FACTOR * tuned, CURVATURE_RATES)
    numbers = [condition_numbers(corrected_eigenvalues(spectra.before, rate)) for rate in rates]
    before, after = (median_estimate(condition_numbers(each)) for each in (spectra.before, spectra.after))
    return [
        *analysed.curve("condition-number", "mean", rates.tolist(), list(map(mean_estimate, numbers))),
        *analysed.curve("condition-number", "median", rates.tolist(), list(map(median_estimate, numbers))),
        analysed.scalar("condition-number-model", "before", *before),
        analysed.scalar("condition-number-model", "after", *after),
    ]


def _eigenvalue_map(analysed: AnalysedRun, spectra: Spectra, rate: float) -> list[CurvePoint]:
    edges = np.linspace(0.0, spectra.before.max(), EIGENVALUE_BINS + 1)
    bins = binned_means(spectra.before, spectra.along, edges)
    positions = [position for position, _ in bins]
    formula = corrected_eigenvalues(np.array(positions), rate)
    return [
        *analysed.curve("curvature-map", "model", positions, [estimate for _, estimate in bins]),
        *analysed.curve("curvature-map", "formula", positions, [Estimate(float(value), 0.0) for value in formula]),
    ]


def _eigenvalue_densities(analysed: AnalysedRun, spectra: Spectra) -> list[CurvePoint]:
    edges = np.linspace(0.0, max(spectra.before.max(), spectra.after.max()), EIGENVALUE_BINS + 1)
    centres = ((edges[:-1] + edges[1:]) / 2).tolist()
    return [
        *analysed.curve("eigenvalues-before", "model", centres, densities(spectra.before, edges)),
        *analysed.curve("eigenvalues-after", "model", centres, densities(spectra.after, edges)),
    ]
