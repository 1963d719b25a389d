"""What questions cost: they follow indexes, leave the time series alone, and recording says no more than it must."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event

from icl_cli.errors import StoreError
from icl_cli.store import (
    Database,
    Metric,
    RunStatus,
    finish_run,
    get_metrics,
    get_snapshot,
    get_summaries,
    list_comparisons,
    list_curves,
    list_runs,
    list_snapshot_steps,
    record_progress,
    resolve_runs,
)

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
METRICS = [Metric(10, name, 1.0) for name in "abcd"]


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, object]]]:
    """The SQL that is executed meanwhile, with its values, but for the beginnings and ends of transactions."""
    heard: list[tuple[str, object]] = []

    def hear(connection, cursor, statement, values, context, many):
        heard.append((statement, values))

    event.listen(database._engine, "before_cursor_execute", hear)
    yield heard
    event.remove(database._engine, "before_cursor_execute", hear)


def plan(database: Database, question: Callable[[], object]) -> list[str]:
    """What SQLite does to answer, a line a table or sort."""
    with statements(database) as heard:
        question()
    with database.read() as connection:
        return [line for statement, values in heard for line in _explain(connection, statement, values)]


def _explain(connection: Connection, statement: str, values) -> list[str]:
    if not statement.startswith("SELECT"):
        return []
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]


def record(database: Database, run_id: str, step: int = 10) -> None:
    record_progress(
        database,
        run_id,
        owner="here:1",
        step=step,
        metrics=METRICS,
        snapshot=b"weights",
        checkpoint=b"state",
        training_seconds=1.0,
        lease_seconds=60.0,
    )


@pytest.fixture
def filled(database: Database, claim) -> Database:
    """Four finished runs of two families, with metrics and weights."""
    for seed in range(4):
        run = claim(seed=seed // 2, layers=1 + seed % 2, name=f"name-{seed}", now=NOON + timedelta(seconds=seed)).run
        record(database, run.id)
        settings = {"status": RunStatus.FINISHED, "step": 10, "training_seconds": 1.0, "summaries": []}
        finish_run(database, run.id, owner="here:1", **settings)
    return database


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_runs_are_found_without_going_through_all(filled):
    run = list_runs(filled)[0]
    for reference in ("latest", "name-1", run.id[:8], run.id):
        lines = plan(filled, lambda reference=reference: resolve_runs(filled, reference))
        assert lines
        assert not [line for line in lines if line.startswith("SCAN")], reference
        assert not [line for line in lines if "ix_runs_status" in line], reference


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_what_belongs_to_a_run_is_found_by_its_key(filled):
    run = list_runs(filled)[0]
    for question in (
        get_metrics,
        get_summaries,
        get_snapshot,
        list_snapshot_steps,
        lambda database, run_id: get_metrics(database, run_id, ["a", "b"]),
        lambda database, run_id: list_comparisons(database, [run_id]),
        lambda database, run_id: list_curves(database, [run_id]),
    ):
        lines = plan(filled, lambda question=question: question(filled, run.id))
        assert len(lines) == 1
        assert lines[0].startswith("SEARCH"), lines
        assert "(run_id=?" in lines[0]


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_a_list_is_one_statement_that_sorts_ids_and_reads_no_other_table(filled):
    with statements(filled) as heard:
        assert len(list_runs(filled, limit=2)) == 2
    assert [statement.split()[0] for statement, _ in heard] == ["SELECT"]
    lines = plan(filled, lambda: list_runs(filled, limit=2))
    assert lines[0] == "SEARCH runs USING INDEX sqlite_autoindex_runs_1 (id=?)"
    assert {line.split()[1] for line in lines if line.startswith(("SCAN", "SEARCH"))} == {"runs"}


def test_a_list_decodes_only_what_it_shows(filled, alter):
    oldest = list_runs(filled)[-1]
    alter(filled.path, "UPDATE runs SET config = '{' WHERE id = ?", oldest.id)
    assert len(list_runs(filled, limit=3)) == 3
    with pytest.raises(StoreError, match=oldest.short_id):
        list_runs(filled, limit=4)


def test_latest_passes_over_runs_that_diverged_later(filled, claim):
    finished = resolve_runs(filled, "latest")
    for seed in range(7, 9):
        run = claim(seed=seed, layers=3).run
        settings = {"status": RunStatus.DIVERGED, "step": 1, "training_seconds": 1.0, "summaries": []}
        finish_run(filled, run.id, owner="here:1", **settings)
    assert resolve_runs(filled, "latest") == finished


def test_recording_takes_one_statement_a_table(database, claim):
    run = claim().run
    with statements(database) as heard:
        record(database, run.id)
    words = [" ".join(statement.split()[:3]) for statement, _ in heard]
    tables = ["metrics", "snapshots", "checkpoints"]
    assert words == ["UPDATE runs SET", *(f"INSERT INTO {table}" for table in tables)]


def test_recording_again_and_again_compiles_nothing_and_keeps_nothing(database, claim):
    run = claim().run
    record(database, run.id)
    compiled = len(database._engine._compiled_cache)
    for step in range(20):
        record(database, run.id, step)
    assert len(database._engine._compiled_cache) == compiled
