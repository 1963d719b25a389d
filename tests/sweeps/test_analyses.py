"""Analyses of stored runs: which apply, which rows they store, and that measuring again replaces them."""

import math

import numpy as np
import pytest
from small_runs import Silent, small_config

from icl_cli.analysis import find_plateau, learned_curvature
from icl_cli.errors import UsageError
from icl_cli.store import get_metrics, list_curves
from icl_cli.sweeps import ANALYSES, analyse_run, get_analysis, load_model, run_experiment

CASES = {
    "one layer": ({}, {"roll-out", "critical-damping", "plateau"}),
    "one layer, clipped": ({"model.token_clip": 10.0}, {"roll-out", "plateau"}),
    "softmax": ({"model.attention": ("softmax",), "model.heads": 2}, {"roll-out", "cancellation", "plateau"}),
    "norm": ({"model.layer_norm": "before"}, {"roll-out", "plateau"}),
    "recurrent": ({"model.layers": 2, "model.recurrent": True}, {"curvature", "plateau"}),
    "two layers, MLP": ({"model.layers": 2, "model.mlp_widening": 2}, {"plateau"}),
}
# Between them they are measured by every analysis.
MEASURED = ("one layer", "softmax", "recurrent")
SCALARS = {
    "critical-damping": {"model-predicted", "model-measured", "gd-predicted", "gd-measured"},
    "curvature-rate": {"model", "gd++"},
    "curvature-residual": {"model"},
    "condition-number-model": {"before", "after"},
    "cancellation": {"score"},
    "plateau": {"level", "onset", "final"},
}
CURVES = {
    "roll-out-1": {"model", "gd"},
    "roll-out-0.875": {"model", "gd"},
    "roll-out-0.75": {"model", "gd"},
    "curvature-map": {"model", "formula"},
    "condition-number": {"mean", "median"},
    "eigenvalues-before": {"model"},
    "eigenvalues-after": {"model"},
}
KINDS = {
    "roll-out": {"roll-out-1", "roll-out-0.875", "roll-out-0.75"},
    "critical-damping": {"critical-damping"},
    "curvature": {
        "curvature-rate",
        "curvature-residual",
        "condition-number",
        "condition-number-model",
        "curvature-map",
        "eigenvalues-before",
        "eigenvalues-after",
    },
    "cancellation": {"cancellation"},
    "plateau": {"plateau"},
}


def trained(database, choices=None):
    return run_experiment(database, small_config(choices), "small", Silent()).run


def ignore(_text: str) -> None:
    pass


def by_curve(points):
    curves = {}
    for point in points:
        curves.setdefault((point.kind, point.learner), []).append(point)
    return curves


@pytest.mark.parametrize(("choices", "expected"), CASES.values(), ids=CASES)
def test_which_analyses_apply(choices, expected):
    config = small_config(choices)
    assert {name for name, analysis in ANALYSES.items() if analysis.applies(config)} == expected


@pytest.mark.parametrize(("choices", "expected"), [CASES[name] for name in MEASURED], ids=MEASURED)
def test_what_applies_is_stored_at_the_last_step_and_measured_again_to_the_same_rows(database, choices, expected):
    run = trained(database, choices)
    found = analyse_run(database, run, list(ANALYSES), ignore)
    assert set(found) == expected
    stored = list_curves(database, [run.id])
    assert sorted(map(repr, stored)) == sorted(repr(point) for points in found.values() for point in points)
    assert {point.step for point in stored} == {40}
    assert {point.kind for point in stored} == {kind for name in expected for kind in KINDS[name]}
    for (kind, learner), points in by_curve(stored).items():
        assert learner in (SCALARS | CURVES)[kind]
        assert (kind in SCALARS) == ([point.x for point in points] == [0.0])
    analyse_run(database, run, list(ANALYSES), ignore)
    assert list(map(repr, list_curves(database, [run.id]))) == list(map(repr, stored))


def test_only_what_was_asked_for_is_measured(database):
    run = trained(database)
    told: list[str] = []
    assert set(analyse_run(database, run, ["plateau", "curvature"], told.append)) == {"plateau"}
    assert told == ["plateau"]


def test_the_rows_of_the_curvature(database):
    run = trained(database, {"model.layers": 2, "model.recurrent": True})
    rows = by_curve(analyse_run(database, run, ["curvature"], ignore)["curvature"])
    learned = learned_curvature(load_model(database, run).blocks[0].attention, 3)
    assert rows["curvature-rate", "model"][0].value == learned.rate
    tuned = rows["curvature-rate", "gd++"][0].value
    rates = [point.x for point in rows["condition-number", "median"]]
    np.testing.assert_allclose(rates, np.linspace(0, 3 * tuned, len(rates)), rtol=1e-12)
    # Without a step the data's condition number is the one that the model finds.
    assert rows["condition-number", "median"][0].value == rows["condition-number-model", "before"][0].value
    for point in rows["curvature-map", "formula"]:
        expected = point.x - 2 * learned.rate * point.x**2 + learned.rate**2 * point.x**3
        assert point.value == pytest.approx(expected, rel=1e-12)
    positions = [[point.x for point in rows["curvature-map", learner]] for learner in ("model", "formula")]
    assert positions[0] == positions[1]
    for kind in ("eigenvalues-before", "eigenvalues-after"):
        centres, values = np.array([(point.x, point.value) for point in rows[kind, "model"]]).T
        assert np.sum(values) * (centres[1] - centres[0]) == pytest.approx(1, rel=1e-9)


def test_the_rows_of_the_plateau_are_those_of_the_held_out_loss(database):
    run = trained(database)
    rows = by_curve(analyse_run(database, run, ["plateau"], ignore)["plateau"])
    losses = get_metrics(database, run.id, ["held_out_loss"])
    expected = find_plateau([loss.step for loss in losses], [loss.value for loss in losses])
    assert rows["plateau", "level"][0].value == expected.level
    assert rows["plateau", "final"][0].value == expected.final
    # Forty steps change nothing yet.
    assert expected.onset is None
    assert math.isnan(rows["plateau", "onset"][0].value)


def test_an_unknown_analysis_is_named_with_the_nearest_and_the_list():
    with pytest.raises(UsageError, match=r"'curvatur'\. Did you mean 'curvature'\? .*plateau"):
        get_analysis("curvatur")
