"""`latest`, names and the beginnings of ids."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from icl_cli.errors import NothingMatchedError, UsageError
from icl_cli.store import RunStatus, finish_run, list_runs, release_run, resolve_runs

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def finish(database, run, status=RunStatus.FINISHED):
    finish_run(database, run.id, owner="here:1", status=status, step=1, training_seconds=1.0, summaries=[])
    return run


def test_latest_is_the_family_of_the_run_that_finished_last(database, claim):
    finish(database, claim(seed=7, layers=2).run)
    for seed in (2, 0, 1):
        finish(database, claim(seed=seed).run)
    finish(database, claim(seed=9).run, RunStatus.DIVERGED)
    claim(seed=10)
    assert [run.seed for run in resolve_runs(database, "latest")] == [0, 1, 2]


def test_latest_without_runs_says_how_to_make_one(database):
    with pytest.raises(NothingMatchedError, match=r"No run is stored in .*results.* yet.*`icl train --layers 1`"):
        resolve_runs(database, "latest")


def test_latest_with_unfinished_runs_says_so(database, claim):
    claim(seed=1)
    release_run(database, claim(seed=2).run.id, owner="here:1")
    release_run(database, claim(seed=3).run.id, owner="here:1")
    with pytest.raises(NothingMatchedError, match=r"has finished; there are 2 interrupted, 1 running\."):
        resolve_runs(database, "latest")


def test_a_name_is_every_run_that_has_it(database, claim):
    for seed in (2, 0, 1):
        claim(seed=seed, name="depth")
    claim(seed=3, name="other")
    assert [run.seed for run in resolve_runs(database, "depth")] == [0, 1, 2]


@pytest.mark.parametrize("digits", [4, 8, 63, 64])
def test_the_beginning_of_an_id_is_its_run(database, claim, digits):
    run = claim().run
    claim(seed=1)
    assert resolve_runs(database, run.id[:digits]) == [run]
    assert resolve_runs(database, run.id[:digits].upper()) == [run]


def test_an_ambiguous_beginning_lists_the_runs(database, claim, alter, monkeypatch):
    runs = [claim(seed=seed).run for seed in range(2)]
    # Configurations whose ids begin alike are hard to find: four digits are shared by hand here.
    monkeypatch.setattr("icl_cli.store.runs._config_of", lambda row: runs[0].config)
    for index, run in enumerate(runs):
        alter(database.path, "UPDATE runs SET id = ? WHERE id = ?", f"abcd{index}" + "0" * 59, run.id)
    with pytest.raises(UsageError, match=r"2 runs begin with 'abcd': abcd0000 \(first\), abcd1000 \(first\)"):
        resolve_runs(database, "abcd")
    assert len(resolve_runs(database, "abcd1")) == 1


def test_a_name_comes_before_an_id(database, claim):
    run = claim().run
    named = claim(seed=1, name=run.id[:6]).run
    assert resolve_runs(database, run.id[:6]) == [named]


@pytest.mark.parametrize("reference", ["depht", "abc", "", "zzz", "ffff", "%", "____", "x' OR 1=1 --"])
def test_an_unknown_reference_says_what_is_there(database, claim, reference):
    claim(name="depth")
    expected = (
        rf"No run {re.escape(repr(reference))} .*depth.*`icl runs list`" if "'" not in reference else "icl runs list"
    )
    with pytest.raises(NothingMatchedError, match=expected):
        resolve_runs(database, reference)


def test_many_names_are_cut_short(database, claim):
    for seed in range(8):
        claim(seed=seed, name=f"n{seed}", now=NOON + timedelta(seconds=seed))
    with pytest.raises(NothingMatchedError, match="Names there: n7, n6, n5, n4, n3 and 3 more"):
        resolve_runs(database, "quite different")


def test_lists_are_newest_first_and_filtered(database, claim, config_of):
    for seed in range(4):
        claim(seed=seed, layers=1 + seed % 2, now=NOON + timedelta(seconds=seed))
    finish(database, resolve_runs(database, config_of(2, 1).identity)[0])
    assert [run.seed for run in list_runs(database)] == [3, 2, 1, 0]
    assert [run.seed for run in list_runs(database, limit=2)] == [3, 2]
    assert [run.seed for run in list_runs(database, status=RunStatus.FINISHED)] == [2]
    assert [run.seed for run in list_runs(database, family=config_of(0, 2).family)] == [3, 1]
