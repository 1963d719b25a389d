"""Numbers, bytes, baselines, comparisons and frames come back as they went in, and never twice."""

import hashlib
import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy
import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icl_cli.errors import NothingMatchedError, SnapshotError, StoreError
from icl_cli.store import (
    Comparison,
    CurvePoint,
    Metric,
    RunStatus,
    Summary,
    TunedBaseline,
    baseline_identity,
    find_baseline,
    find_checkpoint,
    finish_run,
    get_baseline,
    get_metrics,
    get_run,
    get_snapshot,
    get_summaries,
    iterate_snapshots,
    list_comparisons,
    list_curves,
    list_snapshot_steps,
    record_progress,
    store_baseline,
    store_comparisons,
    summaries_named,
)
from icl_cli.store.frames import comparisons_frame, curves_frame, metrics_frame, runs_frame

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
DEPENDS_ON = {"task": {"input_size": 10, "label_noise": 0.1}, "steps": 2, "tuned": True, "seed": None}
# One database serves all examples: recording again replaces.
shared = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = st.floats(allow_nan=True, allow_infinity=True)


def record(database, run_id, step=10, metrics=(), snapshot=None, checkpoint=None):
    record_progress(
        database,
        run_id,
        owner="here:1",
        step=step,
        metrics=metrics,
        snapshot=snapshot,
        checkpoint=checkpoint,
        training_seconds=1.0,
        lease_seconds=60.0,
    )


def same(left, right) -> bool:
    return left == right or (left is not None and right is not None and math.isnan(left) and math.isnan(right))


def tuned(name="gd", **changes) -> TunedBaseline:
    identity = baseline_identity(name, DEPENDS_ON)
    baseline = TunedBaseline(identity, name, DEPENDS_ON, {"learning_rate": [0.1, 1 / 3]}, 0.25, 0.01, NOON)
    return replace(baseline, **changes)


@shared
@given(values=st.lists(numbers, min_size=1, max_size=5))
def test_any_float_comes_back(database, claim, values):
    run = claim().run
    record(database, run.id, metrics=[Metric(step, "loss", value) for step, value in enumerate(values)])
    stored = get_metrics(database, run.id)[: len(values)]
    assert all(same(metric.value, value) for metric, value in zip(stored, values, strict=True))
    frame = metrics_frame(database, [run.id])
    assert all(same(a, b) for a, b in zip(frame["value"][: len(values)], values, strict=True))


@shared
@given(value=numbers, error=st.none() | numbers)
def test_any_comparison_and_curve_comes_back(database, claim, value, error):
    run = claim().run
    store_baseline(database, tuned(loss=value, standard_error=value))
    comparison = Comparison(run.id, 5, tuned().id, "cosine", value, error, 100)
    point = CurvePoint(run.id, 5, "roll-out", "model", 0.5, value, error)
    store_comparisons(database, [comparison], [point])
    for stored, given_record in zip(
        [*list_comparisons(database), *list_curves(database)], [comparison, point], strict=True
    ):
        assert same(stored.value, value)
        assert same(stored.standard_error, error)
        assert replace(stored, value=0.0, standard_error=0.0) == replace(given_record, value=0.0, standard_error=0.0)
    assert same(get_baseline(database, tuned().id).loss, value)
    assert same(get_baseline(database, tuned().id).standard_error, value)


def test_infinite_summaries_come_back(database, claim):
    run = claim().run
    summaries = [Summary("a", math.inf, -math.inf), Summary("b", -math.inf, None), Summary("c", 1.0, 0.5)]
    finish_run(
        database,
        run.id,
        owner="here:1",
        status=RunStatus.DIVERGED,
        step=9,
        diverged_step=8,
        training_seconds=1.0,
        summaries=summaries,
    )
    assert get_summaries(database, run.id) == summaries
    assert summaries_named(database, "b") == {run.id: summaries[1]}
    assert summaries_named(database, "absent") == {}


def test_numpy_numbers_are_numbers(database, claim):
    run = claim().run
    metrics = [Metric(numpy.int64(3), "loss", numpy.float32(0.5)), Metric(numpy.int32(4), "loss", numpy.float32("nan"))]
    record(database, run.id, step=numpy.int64(4), metrics=metrics, snapshot=b"w", checkpoint=b"s")
    assert get_metrics(database, run.id)[0] == Metric(3, "loss", 0.5)
    assert get_run(database, run.id).step == 4
    assert list_snapshot_steps(database, run.id) == [4]
    store_comparisons(
        database, [], [CurvePoint(run.id, numpy.int64(4), "k", "l", numpy.float32(0.5), numpy.float64(1), None)]
    )
    assert list_curves(database) == [CurvePoint(run.id, 4, "k", "l", 0.5, 1.0, None)]


def test_metrics_are_chosen_by_name(database, claim):
    run = claim().run
    record(database, run.id, metrics=[Metric(step, name, float(step)) for step in (2, 1) for name in ("b", "a", "c")])
    assert [(metric.name, metric.step) for metric in get_metrics(database, run.id, ["a", "c"])] == [
        ("a", 1),
        ("a", 2),
        ("c", 1),
        ("c", 2),
    ]
    assert get_metrics(database, run.id, []) == []


def test_names_are_sorted_alike_everywhere(database, claim):
    run = claim().run
    names = ["a", "B", "a-b", "a_b", "ab", "Ä", "_a", "a b", "é"]
    record(database, run.id, metrics=[Metric(1, name, 1.0) for name in names])
    assert [metric.name for metric in get_metrics(database, run.id)] == sorted(names)


def test_recording_again_replaces(database, claim, alter):
    run = claim().run
    store_baseline(database, tuned())
    for value in (1.0, 2.0):
        record(database, run.id, metrics=[Metric(1, "loss", value)], snapshot=b"%f" % value, checkpoint=b"%f" % value)
        store_baseline(database, tuned(loss=value))
        comparison = Comparison(run.id, 5, tuned().id, "cosine", value, None, 100)
        store_comparisons(database, [comparison], [CurvePoint(run.id, 5, "roll-out", "model", 0.5, value, None)])
    assert get_metrics(database, run.id) == [Metric(1, "loss", 2.0)]
    assert get_snapshot(database, run.id).weights == b"2.000000"
    assert get_baseline(database, tuned().id).loss == 2.0
    assert [one.value for one in list_comparisons(database)] == [2.0]
    for table in ("runs", "metrics", "snapshots", "checkpoints", "baselines", "comparisons", "curves"):
        assert alter(database.path, f"SELECT count(*) FROM {table}") == [(1,)]


def test_deleting_a_run_deletes_all_of_it(database, claim, alter):
    run = claim().run
    store_baseline(database, tuned())
    record(database, run.id, metrics=[Metric(1, "loss", 1.0)], snapshot=b"w", checkpoint=b"s")
    comparison = Comparison(run.id, 5, tuned().id, "cosine", 1.0, None, 100)
    store_comparisons(database, [comparison], [CurvePoint(run.id, 5, "roll-out", "model", 0.5, 1.0, None)])
    finish_run(
        database,
        run.id,
        owner="here:1",
        status=RunStatus.FINISHED,
        step=9,
        training_seconds=1.0,
        summaries=[Summary("a", 1.0, None)],
    )
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
    for table in ("metrics", "summaries", "snapshots", "checkpoints", "comparisons", "curves"):
        assert alter(database.path, f"SELECT count(*) FROM {table}") == [(0,)]
    assert alter(database.path, "SELECT count(*) FROM baselines") == [(1,)]


def test_comparisons_of_unknown_runs_and_points_without_place_are_refused(database, claim):
    run = claim().run
    for comparisons, points in (
        ([Comparison(run.id, 5, "0" * 64, "cosine", 1.0, None, 100)], []),
        ([], [CurvePoint("0" * 64, 5, "roll-out", "model", 0.5, 1.0, None)]),
        ([], [CurvePoint(run.id, 5, "roll-out", "model", math.nan, 1.0, None)]),
    ):
        with pytest.raises(StoreError, match="refused a row"):
            store_comparisons(database, comparisons, points)
    assert list_comparisons(database) == list_curves(database) == []


def test_lists_are_chosen_by_run_and_kind(database, claim):
    ids = sorted(claim(seed=seed).run.id for seed in range(3))
    store_baseline(database, tuned())
    points = [CurvePoint(run_id, 5, kind, "model", x, 1.0, 0.1) for run_id in ids for kind in "ab" for x in (0.1, 2.0)]
    comparisons = [Comparison(run_id, 5, tuned().id, "cosine", 1.0, 0.1, 100) for run_id in ids]
    store_comparisons(database, comparisons[::-1], points[::-1])
    assert list_curves(database) == points
    assert list_curves(database, ids[:1], "b") == points[2:4]
    assert list_comparisons(database) == comparisons
    assert list_comparisons(database, ids[1:]) == comparisons[1:]
    assert list_comparisons(database, []) == []


def test_snapshots(database, claim):
    run = claim().run
    for step in (20, 0, 10):
        record(database, run.id, step=step, snapshot=b"weights of %d" % step)
    assert list_snapshot_steps(database, run.id) == [0, 10, 20]
    assert [snapshot.step for snapshot in iterate_snapshots(database, run.id)] == [0, 10, 20]
    assert get_snapshot(database, run.id).step == 20
    snapshot = get_snapshot(database, run.id, 10)
    assert snapshot.weights == b"weights of 10"
    assert snapshot.sha256 == hashlib.sha256(b"weights of 10").hexdigest()
    with pytest.raises(NothingMatchedError, match=r"no snapshot at step 5 .* Stored steps: 0, 10, 20\."):
        get_snapshot(database, run.id, 5)


def test_a_run_without_weights(database, claim):
    run = claim().run
    assert find_checkpoint(database, run.id) is None
    assert list(iterate_snapshots(database, run.id)) == []
    with pytest.raises(NothingMatchedError, match="has no snapshot in"):
        get_snapshot(database, run.id)


@pytest.mark.parametrize("position", [0, 500, 999])
def test_one_altered_byte_is_noticed(database, claim, alter, position):
    run = claim().run
    content = bytes(1000)
    record(database, run.id, step=7, snapshot=content, checkpoint=content)
    altered = content[:position] + b"\x01" + content[position + 1 :]
    alter(database.path, "UPDATE snapshots SET weights = ?", altered)
    alter(database.path, "UPDATE checkpoints SET state = ?", altered)
    with pytest.raises(
        SnapshotError, match=rf"weights of run {run.short_id} at step 7 were altered.*train into another"
    ):
        get_snapshot(database, run.id)
    with pytest.raises(SnapshotError, match=rf"stored state of run {run.short_id} at step 7 were altered"):
        find_checkpoint(database, run.id)


def test_baselines_are_found_by_what_they_depend_on(database):
    store_baseline(database, tuned())
    reordered = dict(reversed(DEPENDS_ON.items()))
    assert find_baseline(database, "gd", reordered) == tuned() == get_baseline(database, tuned().id)
    assert find_baseline(database, "gd", DEPENDS_ON | {"steps": 3}) is None
    assert find_baseline(database, "gd++", DEPENDS_ON) is None
    with pytest.raises(NothingMatchedError, match="No baseline 0000"):
        get_baseline(database, "0" * 64)


def test_a_baseline_with_another_id_is_refused(database):
    with pytest.raises(ValueError, match="baseline_identity"):
        store_baseline(database, tuned(depends_on={}))


@pytest.mark.parametrize(
    ("column", "value"), [("depends_on", "{}"), ("depends_on", "["), ("depends_on", "[]"), ("parameters", "{")]
)
def test_an_altered_baseline_is_refused(database, alter, column, value):
    store_baseline(database, tuned())
    alter(database.path, f"UPDATE baselines SET {column} = ?", value)
    with pytest.raises(StoreError, match=r"\(gd\) was altered"):
        get_baseline(database, tuned().id)


def test_frames(database, claim):
    ids = [claim(seed=seed, now=NOON).run.id for seed in range(2)]
    store_baseline(database, tuned())
    record(database, ids[0], metrics=[Metric(1, "loss", math.inf), Metric(2, "loss", math.nan), Metric(3, "loss", 1.0)])
    store_comparisons(
        database,
        [Comparison(ids[0], 5, tuned().id, "cosine", -math.inf, None, 100)],
        [CurvePoint(ids[0], 5, "roll-out", "model", 0.5, 1.0, math.inf)],
    )
    runs = runs_frame(database).set_index("id")
    assert runs.loc[ids[1], "seed"] == 1
    assert runs.loc[ids[1], "model.layers"] == 1
    assert runs.loc[ids[1], "status"] == "running"
    assert runs.loc[ids[1], "created_at"] == pandas.Timestamp(NOON)
    assert pandas.isna(runs.loc[ids[1], "diverged_step"])
    assert pandas.isna(runs.loc[ids[1], "finished_at"])
    numpy.testing.assert_array_equal(metrics_frame(database, ids)["value"], [math.inf, math.nan, 1.0])
    assert list(metrics_frame(database, ids)) == ["run_id", "name", "step", "value"]
    comparison = comparisons_frame(database, ids).iloc[0]
    assert (comparison["baseline"], comparison["value"], comparison["tasks"]) == ("gd", -math.inf, 100)
    assert math.isnan(comparison["standard_error"])
    assert curves_frame(database).iloc[0]["standard_error"] == math.inf
    assert curves_frame(database, []).empty


def test_frames_of_nothing_have_columns(database):
    assert {"id", "status", "finished_at"} <= set(runs_frame(database))
    assert list(metrics_frame(database, [])) == ["run_id", "name", "step", "value"]
    assert {"baseline", "measure", "value", "standard_error"} <= set(comparisons_frame(database))
    assert list(curves_frame(database)) == ["run_id", "step", "kind", "learner", "x", "value", "standard_error"]
