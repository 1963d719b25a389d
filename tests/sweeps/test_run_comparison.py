"""Runs compared with runs: which can be, what is measured, and that it is kept as other comparisons are."""

import dataclasses

import numpy as np
import pytest
from small_runs import Silent, small_config

from icl_cli.analysis import MEASURES, alignment
from icl_cli.errors import UsageError
from icl_cli.store import (
    get_baseline,
    get_run,
    get_summaries,
    list_comparisons,
    list_curves,
    list_snapshot_steps,
    rename_runs,
)
from icl_cli.sweeps import (
    ComparisonPlan,
    compare_run,
    compare_with_run,
    load_model,
    paired_runs,
    run_experiment,
    unpaired_runs,
)
from icl_cli.tasks import SHIFT_KINDS, held_out_episodes

SINE = {"task.kind": "sine", "task.input_size": 1, "model.embedding_size": 6, "training.batch_size": 16}
DESCENT = {**SINE, "model.attention": ("gradient-descent",)}


def ignore(_text: str) -> None:
    pass


def trained(database, choices, name="attention"):
    return run_experiment(database, small_config(choices), name, Silent()).run


@pytest.fixture
def pair(database):
    """A network with attention and the one that can only descend."""
    return trained(database, SINE), trained(database, DESCENT, "descent")


def test_both_are_measured_on_the_same_tasks_at_every_common_step(database, pair):
    run, other = pair
    compared = compare_with_run(database, run, other, "all", False, ignore)
    found = list_comparisons(database, [run.id])
    assert sorted({point.step for point in found}) == list_snapshot_steps(database, run.id)
    medians = {f"{name}_median" for name in ("model_loss", "baseline_loss", "loss_difference")}
    assert {point.measure for point in found if point.step < run.step} == set(MEASURES)
    assert {point.measure for point in found if point.step == run.step} == {*MEASURES, *medians}
    assert {point.baseline_id for point in found} == {compared.record.id}
    step = list_snapshot_steps(database, run.id)[1]
    models = [load_model(database, each, step) for each in pair]
    direct = alignment(models[0], models[1], held_out_episodes(run.config), run.config.training.loss)
    for measure, estimate in direct.items():
        (stored,) = [point for point in found if (point.step, point.measure) == (step, measure)]
        assert (stored.value, stored.standard_error) == pytest.approx(tuple(estimate), rel=1e-6, abs=1e-9)
    assert list_curves(database) == []


def test_the_other_run_stands_among_the_baselines(database, pair):
    run, other = pair
    record = get_baseline(database, compare_with_run(database, run, other, "last", False, ignore).record.id)
    (summary,) = get_summaries(database, other.id)
    assert (record.name, record.depends_on, record.parameters) == ("descent", {"run": other.id}, {})
    # Losses of this convention are halved, those of baselines are not.
    assert (record.loss, record.standard_error) == pytest.approx((2 * summary.value, 2 * summary.standard_error))
    (loss,) = [p.value for p in list_comparisons(database, [run.id]) if p.measure == "baseline_loss"]
    assert loss == pytest.approx(summary.value, rel=1e-5)


@pytest.mark.parametrize("curves", [False, True])
def test_a_comparison_is_measured_once(database, pair, curves):
    run, other = pair
    compare_with_run(database, run, other, "all", curves, ignore)
    told: list[str] = []
    compare_with_run(database, run, other, "all", curves, told.append)
    assert told == []


def test_curves_asked_for_later_are_measured_then(database, pair):
    run, other = pair
    compare_with_run(database, run, other, "all", False, ignore)
    told: list[str] = []
    compare_with_run(database, run, other, "all", True, told.append)
    assert told == ["descent at step 40"]


def test_curves_are_shifted_losses_and_the_functions_of_one_context(database, pair):
    run, other = pair
    compare_with_run(database, run, other, "last", True, ignore)
    curves = list_curves(database, [run.id])
    functions = {"function-initial", "function-final"}
    assert {point.kind for point in curves} == {*(f"shift-{kind}" for kind in SHIFT_KINDS), *functions} | {
        "function-context",
        "function-target",
    }
    for kind in functions:
        assert {point.learner for point in curves if point.kind == kind} == {"model", "descent"}
    context = held_out_episodes(run.config).context
    pairs = zip(context.inputs[0, :, 0].tolist(), context.targets[0, :, 0].tolist(), strict=True)
    assert {point.x: point.value for point in curves if point.kind == "function-context"} == dict(pairs)
    target = [(point.x, point.value) for point in curves if point.kind == "function-target"]
    queries, values = np.transpose(target)
    # A wave with the amplitude and phase of the examples, at the queries.
    x, y = (np.asarray(part[0, :, 0], np.float64) for part in (context.inputs, context.targets))
    parts = np.linalg.lstsq(np.column_stack([np.sin(x), np.cos(x)]), y)[0]
    np.testing.assert_allclose(values, np.column_stack([np.sin(queries), np.cos(queries)]) @ parts, atol=1e-5)
    assert (queries.min(), queries.max()) == (-5, 5)


def test_linear_runs_can_be_compared_too(database):
    run, other = trained(database, {}), trained(database, {"model.attention": ("softmax",)}, "softmax")
    compare_with_run(database, run, other, "last", True, ignore)
    assert {point.kind for point in list_curves(database, [run.id])} == {f"shift-{kind}" for kind in SHIFT_KINDS}


def seeds(run, *numbers):
    """The same run under other seeds, as far as pairing looks."""
    return [
        dataclasses.replace(run, id=f"{run.id[:-1]}{seed}", config=run.config.model_copy(update={"seed": seed}))
        for seed in numbers
    ]


def test_runs_are_paired_by_seed_or_with_the_only_one(pair):
    ours, theirs = seeds(pair[0], 0, 1, 2), seeds(pair[1], 1, 2, 3)
    assert [(run.seed, other.seed) for run, other in paired_runs(ours, theirs)] == [(1, 1), (2, 2)]
    assert [(run.seed, other.seed) for run, other in paired_runs(ours, theirs[2:])] == [(0, 3), (1, 3), (2, 3)]
    with pytest.raises(UsageError, match=r"no run of the same seed; it has seeds 1, 2, 3"):
        paired_runs(ours[:1], theirs)


def test_seeds_without_a_partner_are_named_on_both_sides(pair):
    ours, theirs = seeds(pair[0], 0, 1, 2), seeds(pair[1], 1, 2, 3)
    assert unpaired_runs(ours, theirs, paired_runs(ours, theirs)) == [
        "Not compared: seed 0 of 'attention'; 'descent' has no finished run of that seed.",
        "Not compared: seed 3 of 'descent'; 'attention' has no finished run of that seed.",
    ]
    few = theirs[:1] + seeds(pair[1], 7)
    assert unpaired_runs(ours, few, paired_runs(ours, few))[0].startswith("Not compared: seeds 0, 2 of 'attention'")
    assert unpaired_runs(ours, theirs[2:], paired_runs(ours, theirs[2:])) == []


@pytest.mark.parametrize(
    ("choices", "named"),
    [
        ({"task.phase_draw": "independent"}, "task.phase_draw"),
        ({"evaluation.tasks": 50}, "evaluation.tasks"),
        ({"evaluation.seed": 9}, "evaluation.seed"),
        ({"training.loss": "squared-error"}, "training.loss"),
    ],
)
def test_runs_of_different_problems_are_refused_by_name(pair, choices, named):
    run = pair[0]
    other = dataclasses.replace(pair[1], config=small_config(DESCENT | choices))
    with pytest.raises(UsageError, match=f"differ in {named}"):
        paired_runs([run], [other])


def test_training_sets_and_the_run_itself(pair):
    run, other = pair
    limited = dataclasses.replace(other, config=small_config(DESCENT | {"task.dataset_size": 64}))
    assert paired_runs([run], [limited]) == [(run, limited)]
    with pytest.raises(UsageError, match="itself"):
        paired_runs([run], [run])
    with pytest.raises(UsageError, match="several configurations"):
        paired_runs([run], [other, dataclasses.replace(run, family=run.family[::-1], id="0" * 64)])


def test_a_sine_task_is_compared_with_ridge_as_numpy_has_it(database, pair):
    run = pair[0]
    (tuned,) = compare_run(database, run, ComparisonPlan(("ridge",), curves=False), ignore)
    episodes = held_out_episodes(run.config)
    leaves = episodes.context.inputs, episodes.context.targets, episodes.query, episodes.target
    x, y, query, target = (np.asarray(leaf, np.float64) for leaf in leaves)
    overlaps = np.einsum("bni,bi->bn", x, query)
    weights = overlaps / ((x**2).sum(axis=(1, 2)) + tuned.record.parameters["penalty"][0])[:, None]
    expected = ((np.einsum("bn,bno->bo", weights, y) - target) ** 2).sum(axis=1).mean() / 2
    (loss,) = [p.value for p in list_comparisons(database, [run.id]) if p.measure == "baseline_loss"]
    assert loss == pytest.approx(expected, rel=1e-4)


def test_a_renamed_run_keeps_its_record_and_what_was_measured(database, pair):
    run, other = pair
    before = compare_with_run(database, run, other, "last", True, ignore)
    rename_runs(database, [other.id], "renamed")
    told: list[str] = []
    after = compare_with_run(database, run, get_run(database, other.id), "last", True, told.append)
    assert (told, after.record.id, after.record.name) == ([], before.record.id, "renamed")


@pytest.mark.parametrize("name", ["gd", "model", "interpolated-gd"])
def test_a_run_called_as_another_learner_has_curves_of_its_own(database, name):
    run, other = trained(database, {}), trained(database, {"model.attention": ("softmax",)}, name)
    compare_run(database, run, ComparisonPlan(("gd",)), ignore)
    before = list_curves(database, [run.id])
    compared = compare_with_run(database, run, other, "last", True, ignore)
    after = list_curves(database, [run.id])
    own = [point for point in after if point.learner == f"{name} ({other.family[:8]})"]
    assert {point.kind for point in own} == {f"shift-{kind}" for kind in SHIFT_KINDS}
    assert [point for point in after if point not in own] == before
    assert compared.record.name == (name if name == "interpolated-gd" else f"{name} ({other.family[:8]})")
