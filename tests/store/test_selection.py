"""Runs are chosen, sorted and limited as a plain loop over them would; nothing else is read."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from icl_cli.errors import StoreError, UsageError
from icl_cli.store import (
    Choice,
    Comparison,
    RunStatus,
    Summary,
    TunedBaseline,
    baseline_identity,
    choose_runs,
    finish_run,
    get_runs,
    store_baseline,
    store_comparisons,
    tag_runs,
)

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
# By seed: layers, name, held-out loss (None: still in training), loss of gd on the same tasks (None: not compared).
RUNS = [
    (1, "one", 0.30, 0.20),
    (2, "two", 0.10, 0.20),
    (2, "two", 0.10, None),
    (5, "five, looped", math.nan, None),
    (5, "five", None, None),
    (5, "five", 0.05, 0.10),
]


def tuned(name: str, moment: datetime, version: int) -> TunedBaseline:
    depends_on = {"version": version}
    return TunedBaseline(baseline_identity(name, depends_on), name, depends_on, {}, 0.0, 0.0, moment)


@pytest.fixture
def filled(database, claim):
    """The runs above, each claimed a minute after the one before; the ids by seed."""
    ids = []
    # The second tuning of gd replaces the first.
    old, new = tuned("gd", NOON, 1), tuned("gd", NOON + timedelta(days=1), 2)
    for baseline in (new, old):
        store_baseline(database, baseline)
    for seed, (layers, name, loss, reference) in enumerate(RUNS):
        run = claim(seed=seed, layers=layers, name=name, now=NOON + timedelta(minutes=seed)).run
        ids.append(run.id)
        if loss is not None:
            status = RunStatus.FINISHED if math.isfinite(loss) else RunStatus.DIVERGED
            summaries = [Summary("held_out_loss", loss, 0.01), Summary("other", -1.0, None)]
            settings = {"status": status, "step": 10, "training_seconds": 1.0, "summaries": summaries}
            finish_run(database, run.id, owner="here:1", **settings)
        if reference is not None:
            measured = [(5, new, 99.0, 1.0), (10, old, 99.0, 1.0), (10, new, loss, reference)]
            store_comparisons(
                database,
                [
                    Comparison(run.id, step, baseline.id, measure, value, None, 100)
                    for step, baseline, *values in measured
                    for measure, value in zip(("model_loss", "baseline_loss"), values, strict=True)
                ],
            )
    tag_runs(database, [ids[0], ids[1]], add=["paper"])
    tag_runs(database, [ids[1]], add=["draft"])
    return ids


def seeds(database, ids, *where, sort=None, limit=None) -> list[int]:
    found = choose_runs(database, Choice(where, sort, limit=limit))
    return [ids.index(each) for each in found.values]


def test_without_conditions_all_runs_come_newest_first(database, filled):
    assert seeds(database, filled) == [5, 4, 3, 2, 1, 0]
    assert seeds(database, filled, limit=2) == [5, 4]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (["layers=5"], [5, 4, 3]),
        (["model.layers=5", "status=finished"], [5]),
        (["loss<0.12"], [5, 2, 1]),
        (["loss>=0.1", "loss<=0.1"], [2, 1]),
        (["loss=none"], [4]),
        (["status=diverged"], [3]),
        (["name~FIVE"], [5, 4, 3]),
        (["name=five"], [5, 4]),
        (["seed>3"], [5, 4]),
        (["gd.ratio<1"], [5, 1]),
        (["gd.ratio=none"], [4, 3, 2]),
        (["tag=paper"], [1, 0]),
        (["tag=paper", "tag!=draft"], [0]),
        (["tag=none"], [5, 4, 3, 2]),
        (["created>=2025-06-01T12:03"], [5, 4, 3]),
        (["attention=linear", "dataset_size=none", "recurrent=false"], [5, 4, 3, 2, 1, 0]),
        # Left out of the stored configuration, because it says what was done before it could be chosen.
        (["tokens=merged", "warm_up_steps=0"], [5, 4, 3, 2, 1, 0]),
        (["layers=5", "layers=2"], []),
    ],
)
def test_all_conditions_hold_of_what_is_found(database, filled, where, expected):
    assert seeds(database, filled, *where) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("loss", [5, 2, 1, 0, 4, 3]),
        ("-loss", [0, 2, 1, 5, 4, 3]),
        ("gd.ratio", [5, 1, 0, 4, 3, 2]),
        ("name", [5, 4, 3, 0, 2, 1]),
        ("seed", [0, 1, 2, 3, 4, 5]),
        ("tag", [1, 0, 5, 4, 3, 2]),
        ("-tag", [0, 1, 5, 4, 3, 2]),
        ("started", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_sorted_runs_without_the_value_come_last_and_equals_stay_newest_first(database, filled, sort, expected):
    assert seeds(database, filled, sort=sort) == expected


def test_the_columns_hold_the_values_and_the_counts_all_runs(database, filled):
    names = ["id", "loss", "gd.ratio", "tag", "layers", "attention", "created"]
    found = choose_runs(database, Choice(["layers<3"], "seed", names, limit=2))
    assert (found.matching, found.total) == (3, 6)
    assert [list(row.values()) for row in found.values.values()] == [
        [filled[0], 0.3, pytest.approx(1.5), ("paper",), 1, ("linear",), NOON],
        [filled[1], 0.1, pytest.approx(0.5), ("draft", "paper"), 2, ("linear",) * 2, NOON + timedelta(minutes=1)],
    ]


def test_an_empty_database_has_none_and_bad_names_are_still_told(database):
    assert choose_runs(database, Choice(["layers=5"], "-loss", ["id"])).total == 0
    for bad in (Choice(["layer=5"]), Choice(sort="--loss"), Choice(columns=["id", "losses"])):
        with pytest.raises(UsageError, match="Unknown field"):
            choose_runs(database, bad)


def test_more_runs_than_are_named_in_one_statement(database, filled, monkeypatch):
    monkeypatch.setattr("icl_cli.store.field_values.MOST_AT_ONCE", 2)
    monkeypatch.setattr("icl_cli.store.batches.MOST_AT_ONCE", 2)
    found = choose_runs(database, Choice(sort="loss", columns=["layers", "loss"]))
    assert [row["layers"] for row in found.values.values()] == [5, 2, 2, 1, 5, 5]
    ids = list(found.values)
    assert [run.id for run in get_runs(database, [*ids, "gone"])] == ids


@pytest.mark.parametrize(
    "config", ["no JSON", "[]", "[" * 200_000, '{"model":3}', '{"task":{},"model":{"layers":"5"},"training":{}}']
)
def test_a_configuration_that_was_altered_is_told_and_not_compared(database, filled, alter, config):
    alter(database.path, "UPDATE runs SET config = ? WHERE id = ?", config, filled[0])
    with pytest.raises(StoreError, match=rf"Run {filled[0][:8]} cannot be read"):
        choose_runs(database, Choice(["layers<3"]))
    assert choose_runs(database, Choice(["loss<0.2"])).matching == 3
