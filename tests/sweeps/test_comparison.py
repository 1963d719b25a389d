"""Comparing stored runs: what is measured, that it is kept, and that it is not measured twice."""

import numpy as np
import pytest
from quick_cases import quick_cases
from small_runs import Silent, StopsAt, small_config
from sqlalchemy import delete, func, select

from icl_cli import compare, find_runs
from icl_cli.analysis import MEASURES, alignment
from icl_cli.baselines import Problem
from icl_cli.errors import NothingMatchedError, UsageError
from icl_cli.store import list_comparisons, list_curves, list_snapshot_steps
from icl_cli.store.schema import baselines, comparisons
from icl_cli.sweeps import (
    ComparisonPlan,
    comparable_runs,
    compare_run,
    default_baselines,
    load_model,
    run_experiment,
)
from icl_cli.tasks import SHIFT_KINDS, held_out_episodes

MEDIANS = {f"{name}_median" for name in ("model_loss", "baseline_loss", "loss_difference")}
TAIL = {"baseline_loss_tail_index", "baseline_loss_largest_share"}


def trained(database, choices=None):
    return run_experiment(database, small_config(choices), "small", Silent()).run


def ignore(_text: str) -> None:
    pass


def test_the_last_snapshot_gets_measures_and_curves(database):
    run = trained(database)
    compare_run(database, run, ComparisonPlan(("gd",)), ignore)
    found = list_comparisons(database, [run.id])
    assert {point.step for point in found} == {40}
    assert {point.measure for point in found} == {*MEASURES, *MEDIANS, "interpolated_loss"}
    curves = list_curves(database, [run.id])
    kinds = {"interpolation", "roll-out-0.75", *(f"shift-{kind}" for kind in SHIFT_KINDS)}
    assert {point.kind for point in curves} == kinds
    assert {point.learner for point in curves if point.kind == "shift-inputs"} == {"model", "gd", "interpolated-gd"}


def test_all_snapshots_get_measures_and_the_stored_ones_equal_a_direct_measurement(database):
    run = trained(database)
    (tuned,) = compare_run(database, run, ComparisonPlan(("gd",), "all", curves=False), ignore)
    found = list_comparisons(database, [run.id])
    assert sorted({point.step for point in found}) == list_snapshot_steps(database, run.id)
    assert list_curves(database, [run.id]) == []
    step = sorted({point.step for point in found})[1]
    direct = alignment(
        load_model(database, run, step), tuned.learner, held_out_episodes(run.config), run.config.training.loss
    )
    stored = {point.measure: point.value for point in found if point.step == step}
    for measure, estimate in direct.items():
        assert stored[measure] == pytest.approx(estimate.value, rel=1e-6, abs=1e-9)


def test_a_baseline_is_tuned_once_and_a_comparison_measured_once(database):
    runs = [trained(database, {"seed": seed}) for seed in (0, 1)]
    plan = ComparisonPlan(("gd", "ridge"), "all", curves=False)
    first = [compare_run(database, run, plan, ignore) for run in runs]
    assert [tuned.record.created_at for tuned in first[0]] == [tuned.record.created_at for tuned in first[1]]
    told: list[str] = []
    compare_run(database, runs[0], plan, told.append)
    assert [text for text in told if "step" in text] == []


def test_curves_are_measured_once_also_where_the_measures_were_there_before(database):
    run = trained(database)
    told: list[list[str]] = []
    for curves in (False, True, True):
        told.append([])
        compare_run(database, run, ComparisonPlan(("gd",), curves=curves), told[-1].append)
    assert [len([text for text in each if "step" in text]) for each in told] == [1, 1, 0]


def test_models_and_baselines_see_the_same_tasks(database):
    runs = [trained(database, {"seed": seed}) for seed in (0, 1)]
    for run in runs:
        compare_run(database, run, ComparisonPlan(("gd",), curves=False), ignore)
    losses = {p.value for p in list_comparisons(database) if p.measure == "baseline_loss"}
    assert len(losses) == 1


@pytest.mark.parametrize(
    ("choices", "interpolated"),
    quick_cases(
        [
            ({}, {"gd"}),
            ({"model.attention": ("softmax",), "model.heads": 2}, set()),
            ({"model.layers": 2, "model.recurrent": True}, {"gd", "gd++"}),
            ({"model.layers": 2}, {"gd", "gd-per-step", "gd++", "gd++-per-step"}),
            ({"model.tokens": "interleaved", "model.layers": 2}, set()),
        ],
        3,
    ),
)
def test_default_baselines_and_which_of_them_are_interpolated(database, choices, interpolated):
    run = trained(database, choices)
    names = default_baselines(run.config)
    tuned = compare_run(database, run, ComparisonPlan(names, curves=False), ignore)
    by_id = {each.record.id: each.record.name for each in tuned}
    found = list_comparisons(database, [run.id])
    assert {by_id[p.baseline_id] for p in found} == set(names)
    assert {by_id[p.baseline_id] for p in found if p.measure == "interpolated_loss"} == interpolated


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 5])
def test_beyond_one_layer_gd_with_a_rate_for_each_step_stands_beside_gd(layers, recurrent):
    names = default_baselines(small_config({"model.layers": layers, "model.recurrent": recurrent}))
    assert names[0] == "gd"
    assert ("gd-per-step" in names) == (layers > 1)


def test_a_recurrent_model_is_not_interpolated_with_an_algorithm_that_changes_from_step_to_step(database):
    run = trained(database, {"model.layers": 2, "model.recurrent": True})
    compare_run(database, run, ComparisonPlan(("gd++-per-step",), curves=False), ignore)
    assert "interpolated_loss" not in {point.measure for point in list_comparisons(database, [run.id])}


def test_an_unknown_baseline_is_named_with_the_list(database):
    with pytest.raises(UsageError, match=r"'gd\+\+\+'.*least-squares"):
        compare_run(database, trained(database), ComparisonPlan(("gd+++",)), ignore)


def test_unfinished_runs_cannot_be_compared(database):
    with pytest.raises(NothingMatchedError, match="icl train"):
        comparable_runs(database, ["latest"])
    with pytest.raises(KeyboardInterrupt):
        run_experiment(database, small_config(), "small", StopsAt(20, KeyboardInterrupt()))
    with pytest.raises(NothingMatchedError, match="interrupted"):
        comparable_runs(database, ["small"])
    with pytest.raises(NothingMatchedError, match="interrupted"):
        compare(database, find_runs(database, "small"), ["gd"])
    with pytest.raises(NothingMatchedError, match="none given"):
        compare(database, [], ["gd"])
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(baselines)).scalar_one() == 0


@pytest.mark.parametrize(
    ("layers", "recurrent", "names"),
    [
        (1, False, ("gd",)),
        (2, False, ("gd",)),
        (3, True, ("gd", "gd-per-step", "gd++")),
        (3, False, ("gd", "gd-per-step", "gd++", "gd++-per-step")),
    ],
)
def test_a_layer_that_copies_counts_no_step(layers, recurrent, names):
    """Figure 5 compares two layers with one step of GD."""
    config = small_config({"model.tokens": "interleaved", "model.layers": layers, "model.recurrent": recurrent})
    assert default_baselines(config) == names
    assert Problem.of_run(config).steps == max(1, layers - 1)


@pytest.mark.slow
@pytest.mark.parametrize("layers", [1, 2])
def test_models_of_interleaved_tokens_are_not_rolled_out(database, layers):
    run = trained(database, {"model.tokens": "interleaved", "model.layers": layers})
    (tuned,) = compare_run(database, run, ComparisonPlan(("gd",)), ignore)
    assert tuned.problem.steps == 1
    kinds = {point.kind for point in list_curves(database, [run.id])}
    assert kinds == {f"shift-{kind}" for kind in SHIFT_KINDS}


def final_measures(database, run):
    return {point.measure: point for point in list_comparisons(database, [run.id]) if point.step == run.step}


def test_where_a_loss_has_no_mean_its_median_and_trimmed_mean_are_kept(database):
    """Least squares at N = d with noise: half of the losses are below the median, whatever their mean is."""
    run = trained(database, {"task.input_size": 5, "task.label_noise": 0.5})
    compare_run(database, run, ComparisonPlan(("least-squares",), "last", curves=False), ignore)
    found = final_measures(database, run)
    trimmed = {name.replace("_median", "_trimmed_mean") for name in MEDIANS}
    assert set(found) == {
        *MEASURES,
        *MEDIANS,
        *TAIL,
        *trimmed,
        "prediction_difference_median",
        "model_difference_median",
    }
    assert (found["baseline_loss_tail_index"].value, found["baseline_loss_tail_index"].standard_error) == (0.5, 0)
    episodes = held_out_episodes(run.config)
    inputs, targets = (np.asarray(part, np.float64) for part in (episodes.context.inputs, episodes.context.targets))
    weights = np.linalg.solve(inputs, targets)[..., 0]
    errors = np.sum(weights * np.asarray(episodes.query), axis=1) - np.asarray(episodes.target)[:, 0]
    losses = 0.5 * errors**2
    np.testing.assert_allclose(found["baseline_loss_median"].value, np.sort(losses)[49], rtol=1e-3)
    np.testing.assert_allclose(found["baseline_loss_trimmed_mean"].value, np.sort(losses)[10:90].mean(), rtol=1e-3)


def test_what_an_older_release_measured_of_a_loss_without_mean_is_measured_again(database):
    run = trained(database, {"task.input_size": 5, "task.label_noise": 0.5})
    plan = ComparisonPlan(("least-squares", "gd"), "last", curves=False)
    compare_run(database, run, plan, ignore)
    with database.write() as connection:
        connection.execute(delete(comparisons).where(comparisons.c.measure.not_in(list(MEASURES))))
    told: list[str] = []
    compare_run(database, run, plan, told.append)
    assert told == ["least-squares at step 40"]
    assert "baseline_loss_median" in final_measures(database, run)
