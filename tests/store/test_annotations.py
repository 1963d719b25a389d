"""Tags, notes and names: what people write beside runs changes nothing else."""

import pytest
from sqlalchemy import select

from icl_cli.errors import UsageError
from icl_cli.store import get_run, get_tags, note_runs, rename_runs, tag_runs
from icl_cli.store.annotations import list_tags
from icl_cli.store.schema import runs


@pytest.fixture
def ids(claim) -> list[str]:
    return [claim(seed=seed).run.id for seed in range(3)]


def rows(database) -> list[dict]:
    with database.read() as connection:
        return [dict(row) for row in connection.execute(select(runs).order_by(runs.c.id)).mappings()]


def test_tags_are_added_once_and_taken_away(database, ids):
    assert tag_runs(database, ids[:2], add=["paper", "größe", "paper"]) == (4, 0)
    assert tag_runs(database, ids, add=["paper"], remove=["größe", "never there"]) == (1, 2)
    assert list_tags(database) == {each: ["paper"] for each in ids}
    assert get_tags(database, ids[0]) == ("paper",)
    tag_runs(database, ids[:1], add=["b", "a"])
    assert get_tags(database, ids[0]) == ("a", "b", "paper")


@pytest.mark.parametrize(
    "tag", ["", " ", " draft", "draft ", "x" * 81, "a\x1b[31m", "two\nlines", "latest", "a" * 64, "none"]
)
def test_a_tag_is_refused_where_a_name_would_be_and_nothing_is_stored(database, ids, tag):
    with pytest.raises(UsageError, match=r"[Aa] (tag|name)|'latest'|'none'"):
        tag_runs(database, ids, add=["good", tag])
    assert list_tags(database) == {}


def test_more_runs_than_one_statement_names(database, ids, monkeypatch):
    monkeypatch.setattr("icl_cli.store.batches.MOST_AT_ONCE", 2)
    assert tag_runs(database, ids, add=["paper"]) == (3, 0)
    note_runs(database, ids, "odd")
    rename_runs(database, ids, "pair")
    found = [get_run(database, each) for each in ids]
    assert {(run.note, run.name) for run in found} == {("odd", "pair")}
    assert tag_runs(database, ids, remove=["paper"]) == (0, 3)


def test_a_tag_is_not_added_and_removed(database, ids):
    with pytest.raises(UsageError, match="'x'"):
        tag_runs(database, ids, add=["x"], remove=["x"])


def test_a_note_is_written_replaced_and_taken_away(database, ids):
    note_runs(database, ids[:2], "two\nlines ")
    assert [get_run(database, each).note for each in ids] == ["two\nlines", "two\nlines", None]
    note_runs(database, ids[:1], "größe")
    note_runs(database, ids[1:2], " ")
    assert [get_run(database, each).note for each in ids] == ["größe", None, None]


@pytest.mark.parametrize("text", ["x" * 2001, "\x1b[31mred", "bell\a", "back\rspace", "\udcff"])
def test_a_note_that_a_terminal_would_obey_is_refused(database, ids, text):
    with pytest.raises(UsageError, match="note"):
        note_runs(database, ids, text)


def test_only_the_name_of_a_renamed_run_changes(database, ids):
    before = rows(database)
    rename_runs(database, ids[:2], "größe, clipped")
    expected = [row | {"name": "größe, clipped"} if row["id"] in ids[:2] else row for row in before]
    assert rows(database) == expected
    with pytest.raises(UsageError, match="latest"):
        rename_runs(database, ids, "latest")
    assert rows(database) == expected


def test_a_deleted_run_takes_its_tags_along(database, ids, alter):
    tag_runs(database, ids, add=["paper"])
    with database.write() as connection:
        connection.execute(runs.delete().where(runs.c.id == ids[0]))
    assert alter(database.path, "SELECT count(*) FROM run_tags") == [(2,)]
