"""The database that comes with the project: small, whole, readable, and true to the paper's first claims."""

import shutil
from pathlib import Path

import pytest

from icl_cli.cli.main import run
from icl_cli.store import Database, RunStatus, get_summaries, iterate_snapshots, list_comparisons, list_runs

EXAMPLE = Path(__file__).parent.parent / "results.db.example"
SHAPES = {("linear", 1, False), ("linear", 2, True), ("softmax", 1, False)}


def test_it_is_small_and_reading_leaves_it_as_it_is():
    before = EXAMPLE.read_bytes()
    assert len(before) <= 3_000_000
    with Database.open(EXAMPLE, mode="read") as database:
        runs = list_runs(database)
    assert {(r.config.model.attention[0], r.config.model.layers, r.config.model.recurrent) for r in runs} == SHAPES
    assert {r.status for r in runs} == {RunStatus.FINISHED}
    assert EXAMPLE.read_bytes() == before


def test_every_hash_is_that_of_its_content():
    with Database.open(EXAMPLE, mode="read") as database:
        for each in list_runs(database):
            assert each.id == each.config.identity
            assert len(list(iterate_snapshots(database, each.id))) > 10
            assert get_summaries(database, each.id)[0].name == "held_out_loss"


@pytest.mark.parametrize(("layers", "baseline", "ratio", "cosine"), [(1, "gd", 0.005, 0.999), (2, "gd++", 0.04, 0.995)])
def test_its_linear_models_match_their_algorithms(layers, baseline, ratio, cosine):
    with Database.open(EXAMPLE, mode="read") as database:
        linear = [r for r in list_runs(database) if r.config.model.attention[0] == "linear"]
        for each in (r for r in linear if r.config.model.layers == layers):
            last = [c for c in list_comparisons(database, [each.id]) if c.step == each.step]
            found = {(_name(database, c.baseline_id), c.measure): c.value for c in last}
            assert found[baseline, "model_loss"] == pytest.approx(found[baseline, "baseline_loss"], rel=ratio)
            assert found[baseline, "cosine"] >= cosine


def _name(database, baseline_id):
    from icl_cli.store import get_baseline

    return get_baseline(database, baseline_id).name


def test_the_report_works_on_it_at_once(tmp_path, monkeypatch):
    shutil.copy(EXAMPLE, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run(["report", "--db", "results.db.example", "--output", "page"]) == 0
    assert (tmp_path / "page" / "index.html").stat().st_size > 100_000
