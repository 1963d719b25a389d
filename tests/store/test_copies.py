"""Copies, back-ups, checks and deletions, on every kind of database."""

import hashlib
import math
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from sqlite3 import connect

import pytest
from sqlalchemy import func, insert, select

from icl_cli.errors import UsageError
from icl_cli.store import (
    Comparison,
    CurvePoint,
    Database,
    Metric,
    RunStatus,
    Summary,
    TunedBaseline,
    back_up,
    baseline_identity,
    check_database,
    copy_runs,
    current_owner,
    delete_runs,
    finish_run,
    list_runs,
    note_runs,
    old_runs,
    prunable_statuses,
    record_progress,
    release_run,
    store_baseline,
    store_comparisons,
    tag_runs,
)
from icl_cli.store.schema import METADATA, sweep_runs, sweeps

NOON = datetime(2025, 6, 1, 12, 30, 15, 123456, tzinfo=UTC)
# A lease from then on that has not expired, and is no longer than leases are.
UNTIL_NOW = (datetime.now(UTC) - NOON).total_seconds()
OWNER = {"owner": "here:1"}
SWEEP = '{"name":"depth"}'
SWEEP_ID = hashlib.sha256(SWEEP.encode()).hexdigest()
# Not -0.0, which SQLite stores as 0.0.
ODD = (math.nan, math.inf, -math.inf, 1e-310, 0.1, 1.7976931348623157e308)


def tuned(name: str) -> TunedBaseline:
    identity = baseline_identity(name, {"steps": 1})
    return TunedBaseline(identity, name, {"steps": 1}, {"rate": [1 / 3]}, math.nan, math.inf, NOON)


def record(database, run, step=10) -> None:
    record_progress(
        database,
        run.id,
        **OWNER,
        step=step,
        metrics=[Metric(index, "loss", value) for index, value in enumerate(ODD)],
        snapshot=bytes(range(256)),
        checkpoint=b"\0state\0",
        training_seconds=0.1,
        lease_seconds=60.0,
    )


def finish(database, run, status=RunStatus.FINISHED) -> None:
    summaries = [Summary("held_out_loss", math.nan, None), Summary("größe", 1e-310, math.inf)]
    settings = {"step": 20, "training_seconds": 2.5, "summaries": summaries, "error": "NUL \0 and more"}
    finish_run(database, run.id, **OWNER, status=status, **settings)


@pytest.fixture
def filled(database, claim) -> Database:
    """Two finished runs, an interrupted one and one in training; three baselines; a sweep of the first two."""
    one, two, three, four = [claim(seed=seed, now=NOON, lease_seconds=UNTIL_NOW + 600).run for seed in range(4)]
    for name in ("gd", "ridge", "unused"):
        store_baseline(database, tuned(name))
    for run in (one, two, three):
        record(database, run)
    points = [CurvePoint(one.id, 10, "roll-out", tuned("ridge").id, x, math.nan, None) for x in (0.1, -1e300)]
    store_comparisons(database, [Comparison(one.id, 10, tuned("gd").id, "cosine", -math.inf, math.nan, 7)], points)
    finish(database, one)
    finish(database, two, RunStatus.DIVERGED)
    release_run(database, three.id, **OWNER, error="stopped")
    with database.write() as connection:
        connection.execute(insert(sweeps).values(id=SWEEP_ID, name="depth", content=SWEEP, created_at=NOON))
        places = [{"sweep_id": SWEEP_ID, "run_id": run.id} for run in (one, two, four)]
        connection.execute(insert(sweep_runs), places)
    tag_runs(database, [one.id, two.id], add=["paper", "größe"])
    note_runs(database, [one.id], "two\nlines")
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request, tmp_path) -> Iterator[Database]:
    """A second, empty database of each kind."""
    if request.param == "postgresql":
        target = request.getfixturevalue("postgresql").new_database()
    else:
        target = str(tmp_path / "other.db")
    with Database.open(target, mode="create") as opened:
        yield opened


def content(database: Database, left_out: str = "") -> dict[str, list]:
    """Every row of every table as text, in which NaN equals itself; without those of one run."""
    with database.read() as connection:
        found = {table.name: connection.execute(select(table)).all() for table in METADATA.sorted_tables}
    return {name: sorted(repr(tuple(row)) for row in rows if left_out not in row) for name, rows in found.items()}


def in_training(database: Database) -> str:
    (run,) = list_runs(database, status=RunStatus.RUNNING)
    return run.id


def test_a_copy_loses_nothing(filled, other):
    copied = copy_runs(filled, other)
    assert (copied.copied, copied.present, copied.in_training) == (3, 0, (in_training(filled),))
    assert content(other) == content(filled, left_out=in_training(filled))
    assert all(content(other).values())
    assert check_database(other).problems == ()


def test_there_and_back_again(filled, other, tmp_path):
    copy_runs(filled, other)
    with Database.open(tmp_path / "back.db", mode="create") as back:
        copy_runs(other, back)
        assert content(back) == content(filled, left_out=in_training(filled))


def test_copying_twice_changes_nothing(filled, other):
    copy_runs(filled, other)
    before = content(other)
    again = copy_runs(filled, other)
    assert (again.copied, again.present) == (0, 3)
    assert content(other) == before


def test_what_is_there_is_left_as_it_is(filled, other):
    copy_runs(filled, other)
    run = list_runs(other, status=RunStatus.INTERRUPTED)[0]
    with other.write() as connection:
        connection.exec_driver_sql("DELETE FROM metrics")
        connection.exec_driver_sql("UPDATE runs SET step = 3")
        connection.exec_driver_sql("DELETE FROM baselines")
    assert copy_runs(filled, other, [run.id]).present == 1
    assert {each.step for each in list_runs(other)} == {3}
    assert content(other)["metrics"] == []


def test_chosen_runs_take_along_only_what_is_theirs(filled, other):
    first = [run for run in list_runs(filled) if run.seed == 0]
    assert copy_runs(filled, other, [first[0].id]).copied == 1
    found = content(other)
    assert list_runs(other) == first
    assert [any(name in row for row in found["baselines"]) for name in ("'gd'", "'ridge'", "'unused'")] == [
        True
    ] * 2 + [False]
    assert len(found["sweeps"]) == len(found["sweep_runs"]) == 1
    third = next(run for run in list_runs(filled) if run.seed == 2)
    assert copy_runs(filled, other, [third.id]).copied == 1
    assert len(content(other)["sweep_runs"]) == 1


def test_a_run_whose_process_died_is_copied_though_its_lease_lasts(filled, other, alter):
    dead = f"{current_owner().rpartition('.')[0]}.1"
    alter(filled.path, "UPDATE runs SET owner = ? WHERE id = ?", dead, in_training(filled))
    assert copy_runs(filled, other).in_training == ()
    assert content(other) == content(filled)


def test_a_run_of_a_living_process_is_not_copied_though_its_lease_expired(filled, other, alter):
    alive = in_training(filled)
    statement = "UPDATE runs SET owner = ?, lease_expires_at = '2025-01-01 00:00:00.000000' WHERE id = ?"
    alter(filled.path, statement, current_owner(), alive)
    assert copy_runs(filled, other).in_training == (alive,)


def test_a_run_whose_lease_expired_is_copied_and_can_go_on(filled, other, alter):
    lost = in_training(filled)
    alter(filled.path, "UPDATE runs SET lease_expires_at = '2025-01-01 00:00:00.000000' WHERE id = ?", lost)
    assert copy_runs(filled, other, [lost]).copied == 1


def test_a_backup_has_everything_of_one_moment(filled, tmp_path, claim):
    path = tmp_path / "backup.db"
    back_up(filled, path)
    before = content(filled)
    claim(seed=9)
    with Database.open(path, mode="read") as copy:
        assert content(copy) == before
        assert check_database(copy).problems == ()
    assert sorted(file.name for file in tmp_path.glob("*backup*")) == ["backup.db"]


def test_a_backup_replaces_nothing_and_leaves_nothing_behind(filled, tmp_path, monkeypatch):
    (tmp_path / "there.db").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        back_up(filled, tmp_path / "there.db")
    assert (tmp_path / "there.db").read_text() == "mine"
    for way in ("icl_cli.store.backup.copy_everything", "icl_cli.store.database.Database.copy_to"):
        monkeypatch.setattr(way, lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back_up(filled, tmp_path / "new.db")
    assert not list(tmp_path.glob("*new.db*"))


@pytest.mark.parametrize(
    ("table", "change", "text"),
    [
        ("runs", "config = '{}'", "cannot be read"),
        ("runs", "family = 'x'", "cannot be read"),
        ("baselines", "depends_on = '{}'", "was altered"),
        ("snapshots", "sha256 = 'x'", "weights of run"),
        ("checkpoints", "sha256 = 'x'", "state of run"),
        ("sweeps", "content = '{}'", "was altered"),
    ],
)
def test_every_alteration_is_found_and_nothing_else(filled, alter, table, change, text):
    assert check_database(filled).problems == ()
    key = METADATA.tables[table].primary_key.columns.keys()[0]
    alter(filled.path, f"UPDATE {table} SET {change} WHERE {key} = (SELECT max({key}) FROM {table})")
    found = check_database(filled)
    assert [problem.table for problem in found.problems] == [table]
    assert text in found.problems[0].text
    assert found.rows["runs"] == 4


@pytest.mark.parametrize(
    ("table", "column", "value", "where"),
    [
        ("curves", "x", math.inf, "x > 0"),
        ("curves", "x", -math.inf, "x < 0"),
        ("curves", "standard_error", -0.5, "x > 0"),
        ("comparisons", "standard_error", -0.5, "tasks = 7"),
        ("summaries", "standard_error", -5e-324, "name = 'größe'"),
        ("baselines", "standard_error", -0.5, "name = 'gd'"),
        ("comparisons", "tasks", 0, "tasks = 7"),
        ("runs", "training_seconds", -0.5, "status = 'finished'"),
        ("runs", "training_seconds", math.inf, "status = 'finished'"),
        ("runs", "step", 10**8 + 1, "status = 'finished'"),
        ("metrics", "step", 10**8 + 1, "step = 0"),
        ("metrics", "step", -1, "step = 0"),
        ("snapshots", "step", 10**8 + 1, "step = 10"),
    ],
)
def test_numbers_that_no_run_has_are_found(filled, alter, table, column, value, where):
    alter(filled.path, f"UPDATE {table} SET {column} = ? WHERE {where}", value)
    found = check_database(filled).problems
    assert {problem.table for problem in found} == {table}
    assert f"a row of {table}" in found[0].text


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_sqlite_finds_rows_without_their_run(filled):
    with closing(connect(filled.path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM runs WHERE status = 'interrupted'")
    texts = [problem.text for problem in check_database(filled).problems]
    assert any("of metrics belongs to a row of runs that is missing" in text for text in texts)


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_damage_is_told_and_the_rest_is_checked(filled, tmp_path):
    with filled.read() as connection:
        root = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'baselines'").scalar_one()
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    back_up(filled, tmp_path / "damaged.db")
    whole = bytearray((tmp_path / "damaged.db").read_bytes())
    whole[(root - 1) * size : root * size] = b"\xa5" * size
    (tmp_path / "damaged.db").write_bytes(whole)
    with Database.open(tmp_path / "damaged.db", mode="read") as damaged:
        found = check_database(damaged)
    assert {problem.table for problem in found.problems} >= {"database"}
    assert all("\n" not in problem.text for problem in found.problems)


@pytest.mark.parametrize(
    ("names", "days", "seeds"),
    [
        (["failed"], 1, [5]),
        (["interrupted"], 1, [2]),
        (["diverged", "diverged"], 0, [1]),
        (["failed", "interrupted", "planned"], 1, [2, 5, 6]),
        (["failed", "interrupted", "planned"], 1000, []),
    ],
)
def test_old_runs_are_chosen_by_status_and_age(filled, claim, alter, names, days, seeds):
    failed, planned = claim(seed=5, now=NOON).run, claim(seed=6, now=NOON).run
    release_run(filled, failed.id, **OWNER, status=RunStatus.FAILED)
    alter(filled.path, "UPDATE runs SET status = 'planned', owner = NULL, attempt = 0 WHERE id = ?", planned.id)
    now = datetime.now(UTC) + timedelta(days=2)
    assert sorted(run.seed for run in old_runs(filled, prunable_statuses(names), days, now)) == seeds


@pytest.mark.parametrize("name", ["running", "finished", "lost", ""])
def test_other_runs_are_never_deleted(name):
    with pytest.raises(UsageError, match="allowed are failed, interrupted, diverged, planned"):
        prunable_statuses(["failed", name])


def test_deleting_takes_everything_of_a_run_and_nothing_else(filled):
    before = content(filled)
    doomed = list_runs(filled, status=RunStatus.INTERRUPTED)
    assert delete_runs(filled, doomed) == 1
    filled.compact()
    assert content(filled) == {
        table: [row for row in rows if doomed[0].id not in row] for table, rows in before.items()
    }
    assert content(filled) != before


def test_a_run_that_was_taken_up_meanwhile_is_not_deleted(filled, claim):
    doomed = list_runs(filled, status=RunStatus.INTERRUPTED)
    claim(seed=2, owner="here:2")
    release_run(filled, doomed[0].id, owner="here:2")
    assert delete_runs(filled, doomed) == 0
    assert len(list_runs(filled)) == 4


def test_rows_are_counted(filled):
    with filled.read() as connection:
        expected = connection.execute(select(func.count()).select_from(METADATA.tables["metrics"])).scalar()
    assert check_database(filled).rows["metrics"] == expected == 3 * len(ODD)
