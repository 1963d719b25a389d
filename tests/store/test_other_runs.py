"""Other runs in the place of baselines: one record each, and everywhere the name that the run has now."""

from datetime import UTC, datetime

import pytest

from icl_cli.store import (
    OTHER_RUN,
    Choice,
    Comparison,
    CurvePoint,
    TunedBaseline,
    baseline_identity,
    choose_runs,
    current_baselines,
    delete_runs,
    find_other_run,
    get_run,
    recorded_name,
    rename_runs,
    store_baseline,
    store_comparisons,
)
from icl_cli.store.frames import comparisons_frame, curves_frame

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def stored(database, name, depends_on) -> TunedBaseline:
    baseline = TunedBaseline(baseline_identity(name, depends_on), name, depends_on, {}, 0.0, 0.0, NOON)
    store_baseline(database, baseline)
    return baseline


def compared(database, run, baseline, loss):
    measured = [("model_loss", 0.5), ("baseline_loss", loss)]
    comparisons = [Comparison(run.id, 10, baseline.id, measure, value, None, 100) for measure, value in measured]
    learners = [("model", 1.0), (baseline.name, loss)]
    points = [CurvePoint(run.id, 10, "shift-inputs", learner, 1.0, value, None) for learner, value in learners]
    store_comparisons(database, comparisons, points)


@pytest.fixture
def pair(database, claim):
    """A run, and another that it was compared with, which had the name "other" then."""
    run, other = claim(name="own").run, claim(layers=2, name="other").run
    compared(database, run, stored(database, "other", {OTHER_RUN: other.id}), 0.25)
    return run, other


def told(database, run):
    """What everything that is read of `run` calls what it was compared with."""
    comparisons, curves = comparisons_frame(database, [run.id]), curves_frame(database, [run.id])
    records = current_baselines(database, comparisons["baseline_id"].unique())
    learners = set(curves["learner"]) - {"model"}
    assert set(comparisons["baseline"]) == {record.name for record in records} == learners
    return learners


def ratio_to(database, name, run):
    return choose_runs(database, Choice(columns=[f"{name}.ratio"])).values[run.id][f"{name}.ratio"]


def test_a_rename_is_told_everywhere_and_stores_nothing_anew(database, pair):
    run, other = pair
    assert told(database, run) == {"other"}
    assert ratio_to(database, "other", run) == 2.0
    record = find_other_run(database, other)
    rename_runs(database, [other.id], "better")
    assert told(database, run) == {"better"}
    assert ratio_to(database, "better", run) == 2.0
    assert find_other_run(database, other) == record


def test_the_recorded_name_of_a_deleted_run_is_told(database, pair):
    run, other = pair
    rename_runs(database, [other.id], "better")
    assert delete_runs(database, [get_run(database, other.id)]) == 1
    assert told(database, run) == {"other"}


def test_a_name_that_a_baseline_has_too_says_the_family(database, pair):
    run, other = pair
    compared(database, run, stored(database, "gd", {"steps": 1}), 1.0)
    rename_runs(database, [other.id], "gd")
    assert told(database, run) == {"gd", f"gd ({other.family[:8]})"}
    assert ratio_to(database, "gd", run) == 0.5
    assert ratio_to(database, f"gd ({other.family[:8]})", run) == 2.0


def test_two_families_of_one_name_are_told_apart_and_seeds_of_one_are_not(database, pair, claim):
    run, other = pair
    seed = claim(seed=1, layers=2, name="other").run
    compared(database, run, stored(database, "other (seed 1)", {OTHER_RUN: seed.id}), 0.5)
    assert told(database, run) == {"other"}
    deeper = claim(layers=3, name="other").run
    compared(database, run, stored(database, "other (deeper)", {OTHER_RUN: deeper.id}), 0.5)
    assert told(database, run) == {f"other ({family[:8]})" for family in (other.family, deeper.family)}


@pytest.mark.parametrize("name", ["model", "gd", "interpolated-gd"])
def test_a_record_never_has_the_name_of_another_learner(database, claim, name):
    run = claim(layers=2, name=name).run
    assert recorded_name(database, run, {"gd", "interpolated-gd"}) == f"{name} ({run.family[:8]})"


def test_a_record_has_its_runs_name_unless_another_family_has_it(database, pair, claim):
    seed, deeper = claim(seed=1, layers=2, name="other").run, claim(layers=3, name="other").run
    assert recorded_name(database, seed, set()) == "other"
    assert recorded_name(database, deeper, set()) == f"other ({deeper.family[:8]})"
