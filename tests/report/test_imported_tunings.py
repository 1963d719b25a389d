"""Baselines that came with somebody else's runs: shown beside those runs, never used for one's own."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bundles import bundle, rows
from recorded_runs import PARAMETERS, compare, finish, recorded_config, tuned

from icl_cli.baselines import Problem
from icl_cli.baselines import get_baseline as named_baseline
from icl_cli.report.bundle.importing import import_bundle
from icl_cli.store import (
    IMPORTED,
    Copied,
    Database,
    TunedBaseline,
    check_database,
    copy_runs,
    current_baselines,
    delete_runs,
    find_baseline,
    get_baseline,
    get_run,
    get_summaries,
    is_imported,
    list_comparisons,
    list_runs,
    store_baseline,
)
from icl_cli.sweeps import compare_with_run
from icl_cli.sweeps.targets import tuned_target
from icl_cli.sweeps.tuned_baselines import tuned_baseline
from icl_cli.training.loss import LOSS_FACTORS

CONFIG = recorded_config({"seed": 0})
PROBLEM = Problem.of_run(CONFIG)
PROBLEM_KEY = named_baseline("gd").depends_on(PROBLEM)
# One step of GD on N examples of d inputs drawn from U(-½, ½), without noise: the best η is 12 N / (N + d - 0.2).
BEST_RATE = 12 * 4 / (4 + 3 - 0.2)


def silent(_: str) -> None:
    return None


def rates(database: Database) -> list[float]:
    """What a run of one's own is compared with."""
    return list(tuned_baseline(database, "gd", PROBLEM, silent).record.parameters["learning_rates"])


def archive(folder: Path, parameters: dict[str, list[float]], others: bool = False) -> Path:
    """A bundle of a run of seed 5 that was compared with GD of these parameters."""
    with Database.open(folder / "theirs.db", mode="create") as theirs:
        run = finish(theirs, "theirs", recorded_config({"seed": 5}))
        compare(theirs, run, ["gd"])
        store_baseline(theirs, replace(tuned(theirs, run, "gd"), parameters=parameters, loss=0.001))
        if others:
            compare_with_run(theirs, run, finish(theirs, "mine", CONFIG), "last", False, silent)
        with closing(sqlite3.connect(folder / "theirs.db")) as connection, connection:
            connection.execute("UPDATE baselines SET created_at = '2099-01-01 00:00:00.000000'")
            connection.execute("UPDATE baselines SET loss = 0.001, standard_error = 0.0")
        bundle(theirs, folder / "theirs.zip")
    return folder / "theirs.zip"


@pytest.fixture
def ours(tmp_path):
    with Database.open(tmp_path / "ours.db", mode="create") as opened:
        yield opened


def take_in(file: Path, ours: Database) -> Copied:
    return import_bundle(file, lambda: Database.open(ours.path, mode="write"))


def compared_with(database: Database, seed: int) -> TunedBaseline:
    """The one record that the run of this seed was compared with."""
    (run,) = [run for run in list_runs(database) if run.seed == seed]
    (identity,) = {each.baseline_id for each in list_comparisons(database, [run.id])}
    return get_baseline(database, identity)


def test_what_others_tuned_is_not_used_for_runs_of_ones_own(ours, tmp_path):
    take_in(archive(tmp_path, {"learning_rates": [0.0]}), ours)
    assert find_baseline(ours, "gd", PROBLEM_KEY) is None
    assert tuned_target(ours, CONFIG) is None
    assert rates(ours) == pytest.approx([BEST_RATE], rel=1e-6)
    theirs = compared_with(ours, 5)
    assert is_imported(theirs)
    assert theirs.name == "gd"
    assert theirs.parameters == {"learning_rates": [0.0]} == theirs.depends_on[IMPORTED]
    assert check_database(ours).problems == ()


def test_what_was_tuned_before_stays_and_counts_whatever_moment_others_claim(ours, tmp_path):
    assert rates(ours) == pytest.approx([BEST_RATE], rel=1e-6)
    before = find_baseline(ours, "gd", PROBLEM_KEY)
    assert before is not None
    take_in(archive(tmp_path, {"learning_rates": [0.0]}), ours)
    assert find_baseline(ours, "gd", PROBLEM_KEY) == before
    theirs = compared_with(ours, 5)
    assert theirs.created_at.year == 2099
    assert current_baselines(ours, [before.id, theirs.id]) == [before]
    assert current_baselines(ours, [theirs.id]) == [theirs]


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_an_equal_tuning_is_one(ours, tmp_path, first):
    file = archive(tmp_path, {"learning_rates": [BEST_RATE * (1 + 1e-8)]})
    if first == "ours":
        rates(ours)
        take_in(file, ours)
    else:
        take_in(file, ours)
        assert is_imported(compared_with(ours, 5))
        rates(ours)
    found = compared_with(ours, 5)
    assert found == find_baseline(ours, "gd", PROBLEM_KEY)
    assert len(rows(ours.path)["baselines"]) == 1
    assert found.loss > 0.01


def test_imported_tunings_go_with_the_last_run_that_was_compared_with_them(ours, tmp_path):
    take_in(archive(tmp_path, {"learning_rates": [0.0]}), ours)
    compare(ours, finish(ours, "mine", CONFIG), ["gd"])
    assert len(rows(ours.path)["baselines"]) == 2
    delete_runs(ours, [run for run in list_runs(ours) if run.seed == 5])
    (left,) = current_baselines(ours, [compared_with(ours, 0).id])
    assert dict(left.parameters) == PARAMETERS["gd"]
    assert len(rows(ours.path)["baselines"]) == 1


def test_an_import_without_a_new_run_writes_nothing(ours, tmp_path):
    file = archive(tmp_path, {"learning_rates": [0.0]})
    finish(ours, "mine", recorded_config({"seed": 5}))
    before = rows(ours.path)
    assert take_in(file, ours) == Copied(0, 1, ())
    assert rows(ours.path) == before


def test_another_tuning_in_a_copy_of_ones_own_stays_beside_its_runs(ours, tmp_path):
    rates(ours)
    archive(tmp_path, {"learning_rates": [0.5]})
    with Database.open(tmp_path / "theirs.db", mode="read") as source:
        copy_runs(source, ours)
    assert compared_with(ours, 5).parameters == {"learning_rates": [0.5]}
    assert rates(ours) == pytest.approx([BEST_RATE], rel=1e-6)


def test_what_others_say_of_a_run_is_measured_anew(ours, tmp_path):
    mine, another = finish(ours, "mine", CONFIG), finish(ours, "another", recorded_config({"seed": 6}))
    take_in(archive(tmp_path, {"learning_rates": [0.0]}, others=True), ours)
    record = compare_with_run(ours, another, get_run(ours, mine.id), "last", False, silent).record
    (own,) = get_summaries(ours, mine.id)
    # Theirs claimed 0.001.
    assert record.loss == own.value / LOSS_FACTORS[CONFIG.training.loss]
    assert record.created_at > datetime(2025, 1, 1, tzinfo=UTC)
