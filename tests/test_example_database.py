"""The database that comes with the project: the paper, reproduced; small, whole, readable, true to its claims."""

import shutil
from pathlib import Path

import pytest

from icl_cli.cli.main import run
from icl_cli.report.sweep_files import checked_sweep
from icl_cli.store import Database, RunStatus, get_summaries, iterate_snapshots, list_runs
from icl_cli.sweeps.judgement import Verdict
from icl_cli.sweeps.sweep_data import judge_sweep

EXAMPLE = Path(__file__).parent.parent / "results.db.example"
SHAPES = {("linear", 1, False), ("linear", 2, True), ("linear", 5, False), ("linear", 10, True), ("softmax", 1, False)}


def test_it_is_small_and_reading_leaves_it_as_it_is():
    before = EXAMPLE.read_bytes()
    assert len(before) <= 8_000_000
    with Database.open(EXAMPLE, mode="read") as database:
        runs = list_runs(database)
    assert {(r.config.model.attention[0], r.config.model.layers, r.config.model.recurrent) for r in runs} >= SHAPES
    assert {r.status for r in runs} == {RunStatus.FINISHED}
    assert EXAMPLE.read_bytes() == before


def test_every_hash_is_that_of_its_content():
    with Database.open(EXAMPLE, mode="read") as database:
        for each in list_runs(database):
            assert each.id == each.config.identity
            assert list(iterate_snapshots(database, each.id))
            assert get_summaries(database, each.id)[0].name == "held_out_loss"


@pytest.mark.parametrize("name", ["fig02", "fig03a", "fig03b"])
def test_the_claims_of_the_main_figures_hold_in_it(name):
    sweep = checked_sweep(name, quick=False)
    with Database.open(EXAMPLE, mode="read") as database:
        judged = judge_sweep(database, sweep, quick=False)
    assert [each.claim.sentence for each in judged if each.verdict is Verdict.FAILS] == []
    assert sum(each.verdict is Verdict.HOLDS for each in judged) > len(judged) / 2


def test_the_report_works_on_it_at_once(tmp_path, monkeypatch):
    shutil.copy(EXAMPLE, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run(["report", "--paper", "fig3a", "--db", "results.db.example", "--output", "page"]) == 0
    assert (tmp_path / "page" / "paper.html").stat().st_size > 100_000
