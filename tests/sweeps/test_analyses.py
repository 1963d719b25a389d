"""Analyses of stored runs: which apply, which rows they store, and that measuring again replaces them."""

import math

import numpy as np
import pytest
from quick_cases import quick_cases
from small_runs import Silent, small_config

from icl_cli.analysis import attention_maps, find_plateau, learned_curvature
from icl_cli.errors import UsageError
from icl_cli.store import get_metrics, list_curves
from icl_cli.sweeps import ANALYSES, analyse_run, get_analysis, load_model, run_experiment
from icl_cli.tasks import Context, held_out_episodes

CASES = {
    "one layer": ({}, {"roll-out", "critical-damping", "attention", "plateau"}),
    "one layer, clipped": ({"model.token_clip": 10.0}, {"roll-out", "attention", "plateau"}),
    "softmax": (
        {"model.attention": ("softmax",), "model.heads": 2},
        {"roll-out", "cancellation", "attention", "plateau"},
    ),
    "norm": ({"model.layer_norm": "before"}, {"roll-out", "attention", "plateau"}),
    "recurrent": ({"model.layers": 2, "model.recurrent": True}, {"curvature", "attention", "plateau"}),
    "more tokens than maps are kept of": ({"task.context_length": 50}, {"roll-out", "critical-damping", "plateau"}),
    "two layers, MLP": ({"model.layers": 2, "model.mlp_widening": 2}, {"attention", "plateau"}),
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
    "attention": set(),
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


@pytest.mark.parametrize(("choices", "expected"), quick_cases([CASES[name] for name in MEASURED], 1), ids=MEASURED)
def test_what_applies_is_stored_at_the_last_step_and_measured_again_to_the_same_rows(database, choices, expected):
    run = trained(database, choices)
    found = analyse_run(database, run, list(ANALYSES), ignore)
    assert set(found) == expected
    stored = list_curves(database, [run.id])
    assert sorted(map(repr, stored)) == sorted(repr(point) for points in found.values() for point in points)
    assert {point.step for point in stored} == {40}
    heads, layers = run.config.model.heads, run.config.model.layers
    maps = {f"attention-{layer}-{head}" for layer in range(1, layers + 1) for head in range(1, heads + 1)}
    assert {point.kind for point in stored} == {kind for name in expected for kind in KINDS[name]} | maps
    for (kind, learner), points in by_curve([point for point in stored if point.kind not in maps]).items():
        assert learner in (SCALARS | CURVES)[kind]
        assert (kind in SCALARS) == ([point.x for point in points] == [0.0])
    analyse_run(database, run, list(ANALYSES), ignore)
    assert list(map(repr, list_curves(database, [run.id]))) == list(map(repr, stored))


def test_the_rows_of_attention_maps_are_means_over_the_held_out_tasks(database):
    run = trained(database, {"model.attention": ("softmax",), "model.heads": 2})
    rows = by_curve(analyse_run(database, run, ["attention"], ignore)["attention"])
    model, episodes = load_model(database, run), held_out_episodes(run.config)
    tasks = run.config.evaluation.tasks
    maps = np.array(
        [
            attention_maps(model, Context(episodes.context.inputs[task], episodes.context.targets[task]), query)[0]
            for task, query in enumerate(episodes.query)
        ]
    )
    assert set(rows) == {(f"attention-1-{head}", f"token {token}") for head in (1, 2) for token in range(1, 7)}
    for head, token in np.ndindex(2, 6):
        points = rows[f"attention-1-{head + 1}", f"token {token + 1}"]
        assert [point.x for point in points] == [1, 2, 3, 4, 5]
        values = maps[:, head, token].astype(np.float64)
        np.testing.assert_allclose([point.value for point in points], values.mean(axis=0), rtol=1e-4)
        errors = values.std(axis=0, ddof=1) / np.sqrt(tasks)
        np.testing.assert_allclose([point.standard_error for point in points], errors, rtol=1e-3)


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
