"""Reproducing a small sweep from its file: train, compare, draw, judge; and again, which does nothing."""

import json
from html import unescape
from pathlib import Path

import pytest

from icl_cli.store import Database, list_runs

SWEEP = """
name = "small"
title = "A small sweep"
source = "Figure 0"
seeds = 2

[[runs]]
label = "one"
baselines = ["gd"]
snapshots = "all"
analyses = ["roll-out"]

[runs.settings]
training = { steps = 60, batch_size = 32 }
evaluation = { tasks = 100, points = 5, snapshots = 3 }
task = { context_length = 5, input_size = 3 }

[runs.quick]
recipe = "paper"
settings = { training.steps = 20, evaluation.points = 5, evaluation.snapshots = 3 }

[figure]
columns = 2

[[figure.panels]]
kind = "loss"

[[figure.panels]]
kind = "roll-out"
options = { damping = 1 }

[[claims]]
sentence = "GD errs by less than the zero predictor."
measure = "baseline_loss"
run = "one"
baseline = "gd"
operator = "<"
bound = 0.125
source = "closed form"
"""
FALSE = SWEEP.replace('operator = "<"', 'operator = ">"')


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    """A folder with the sweep's file and a database in which it was reproduced."""
    from icl_cli.cli.main import run

    folder = tmp_path_factory.mktemp("reproduced")
    (folder / "small.toml").write_text(SWEEP)
    words = ["reproduce", folder / "small.toml", "--db", folder / "results.db", "--output", folder / "first"]
    assert run([str(word) for word in words]) == 0
    return folder


def database(folder: Path) -> str:
    return f"--db={folder / 'results.db'}"


def test_a_figure_and_its_data_are_written(reproduced):
    found = sorted(path.relative_to(reproduced / "first").as_posix() for path in (reproduced / "first").rglob("small*"))
    assert found == ["data/small.csv", "figures/small.pdf", "figures/small.png", "figures/small.svg"]


def test_done_twice_it_trains_nothing(icl, reproduced):
    with Database.open(reproduced / "results.db", mode="read") as opened:
        before = {run.id: run.finished_at for run in list_runs(opened)}
    result = icl("reproduce", reproduced / "small.toml", database(reproduced), "--output=again")
    assert f"Next: icl report --paper {reproduced / 'small.toml'} --db" in result.err
    wrong = icl("report", reproduced / "small.toml", database(reproduced))
    assert (wrong.code, "is a sweep file; give --paper" in wrong.err) == (2, True)
    assert result.code == 0
    assert "starts" not in result.err
    with Database.open(reproduced / "results.db", mode="read") as opened:
        assert {run.id: run.finished_at for run in list_runs(opened)} == before


def test_quick_runs_stand_beside_the_full_ones(icl, reproduced, tmp_path):
    db = tmp_path / "both.db"
    db.write_bytes((reproduced / "results.db").read_bytes())
    result = icl("reproduce", reproduced / "small.toml", "--quick", f"--db={db}", "--output=quick")
    assert result.code == 0
    assert "(quick)" in result.out
    with Database.open(db, mode="read") as opened:
        assert sorted(run.step for run in list_runs(opened)) == [20, 20, 60, 60]


def test_claims_are_judged_from_the_database_alone(icl, reproduced):
    result = icl("claims", reproduced / "small.toml", database(reproduced), "--json")
    (judged,) = json.loads(result.out)["data"]
    assert (result.code, judged["verdict"], judged["figure"]) == (0, "holds", "small")
    assert judged["low"] < judged["value"] < judged["high"] < judged["bound"]


def test_a_claim_with_its_bound_reversed_fails(icl, reproduced, tmp_path):
    (tmp_path / "false.toml").write_text(FALSE)
    result = icl("claims", "false.toml", database(reproduced))
    assert "Next: icl report --paper false.toml --db" in result.err
    assert result.code == 3
    assert "✗ 1 fails" in result.err


def test_nothing_measured_is_not_enough_data(icl, reproduced):
    result = icl("claims", "fig3a", database(reproduced))
    assert result.code == 4
    assert "not measured" in result.out
    assert "no run of" in result.out
    assert "icl reproduce" in result.err


def test_tables_fit_80_columns(icl, reproduced):
    for words in (["claims"], ["reproduce", "--list"]):
        lines = icl(*words, database(reproduced)).out.splitlines()
        assert lines
        assert max(map(len, lines)) <= 80


def test_the_list_says_what_is_there_and_what_is_missing(icl, reproduced):
    there = icl("reproduce", reproduced / "small.toml", "--list", "--json", database(reproduced))
    (entry,) = json.loads(there.out)["data"]
    assert (entry["runs_finished"], entry["runs"], entry["training_minutes_left"]) == (2, 2, 0)
    nothing = json.loads(icl("reproduce", "--list", "--json", "--db=none.db").out)["data"]
    assert len(nothing) == 17
    assert all(each["runs_finished"] == 0 < each["training_minutes_left"] for each in nothing)
    assert not Path("none.db").exists()


def test_the_page_shows_what_is_there(icl, reproduced, tmp_path):
    result = icl("report", "--paper", reproduced / "small.toml", "fig3a", database(reproduced), "--output=page")
    assert result.code == 0
    page = (tmp_path / "page" / "paper.html").read_text()
    assert "GD errs by less than the zero predictor." in page
    assert "icl reproduce fig3a --db" in page


def test_a_page_names_the_file_that_would_draw_a_missing_figure(icl, reproduced, tmp_path):
    (tmp_path / "my sweep.toml").write_text(SWEEP.replace("steps = 60,", "steps = 61,"))
    assert icl("report", "--paper", "my sweep.toml", database(reproduced), "--output=page").code == 0
    page = unescape((tmp_path / "page" / "paper.html").read_text())
    assert "icl reproduce 'my sweep.toml' --db" in page
    assert "no run of one has finished" in page


def test_claims_without_a_figure_have_a_page_too(icl, reproduced, tmp_path):
    head, _, rest = SWEEP.partition("[figure]")
    (tmp_path / "bare.toml").write_text(f"{head}[[claims]]{rest.partition('[[claims]]')[2]}")
    result = icl("claims", "bare.toml", database(reproduced))
    assert "Next: icl report --paper bare.toml --db" in result.err
    assert icl("report", "--paper", "bare.toml", database(reproduced), "--output=page").code == 0
    page = (tmp_path / "page" / "paper.html").read_text()
    assert page.count("GD errs by less than the zero predictor.") == 2
    assert "Of 1 claim 1 holds." in page
    assert not any(words in page for words in ("Not drawn", "figure,", "<figure"))


def test_a_name_with_a_path_writes_inside_the_output_folder_alone(icl, reproduced, tmp_path):
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "climbing.toml").write_text(SWEEP.replace('name = "small"', 'name = "../../climbing"'))
    (folder / "results.db").write_bytes((reproduced / "results.db").read_bytes())
    result = icl("reproduce", folder / "climbing.toml", "--db", folder / "results.db", "--output", folder / "out")
    assert result.code == 0, result.err
    made = {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*climbing*") if path.suffix != ".toml"}
    assert made == {("inside", "out")}


OTHER_GRID = """
[[runs]]
label = "two"
with_runs = "one"
grid = { task.context_length = [4, 5] }

[[runs]]
label = "one"
"""
QUICK_GRID = SWEEP.replace("[runs.quick]\n", "[runs.quick]\ngrid = { task.context_length = [4, 5] }\n")


@pytest.mark.parametrize(
    ("text", "words", "named"),
    [
        (SWEEP.replace('[[runs]]\nlabel = "one"', OTHER_GRID), [], ["'two'", "2", "same grid"]),
        (QUICK_GRID, ["--quick"], ["'one'", "2 configurations"]),
    ],
)
def test_what_cannot_be_compared_or_judged_is_refused_before_it_trains(icl, tmp_path, text, words, named):
    (tmp_path / "wrong.toml").write_text(text)
    result = icl("reproduce", "wrong.toml", *words)
    assert result.code == 2
    assert not [word for word in named if word not in result.err], result.err
    assert "starts" not in result.err


def test_runs_that_diverged_are_named(icl, tmp_path):
    settings = SWEEP.replace("steps = 60,", "steps = 200, learning_rate = 1000,")
    (tmp_path / "wild.toml").write_text(settings.replace("task = {", "model = { layers = 3 }\ntask = {"))
    result = icl("reproduce", "wild.toml")
    assert "seed 1) diverged" in result.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["reproduce"], ["--all", "--list"]),
        (["reproduce", "fig3a", "--all"], ["--all"]),
        (["reproduce", "fig99"], ["'fig99'", "fig01 to fig16"]),
        (["reproduce", "none.toml"], ["none.toml"]),
        (["reproduce", "empty.toml"], ["empty.toml", "name"]),
        (["claims", "fig99"], ["'fig99'", "fig01 to fig16"]),
        (["claims", "--db=none.db"], ["none.db"]),
        (["claims", "empty.toml", "--db=none.db"], ["empty.toml"]),
        (["report", "--quick"], ["--paper"]),
        (["report", "--paper", "fig99"], ["'fig99'"]),
    ],
)
def test_bad_requests_name_what_is_allowed(icl, tmp_path, reproduced, words, named):
    (tmp_path / "empty.toml").write_text("")
    (tmp_path / "results.db").write_bytes((reproduced / "results.db").read_bytes())
    result = icl(*words)
    assert result.code in (1, 2, 4)
    assert len(result.err.strip().splitlines()) == 1
    assert not [word for word in named if word not in result.err], result.err


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (('kind = "loss"', 'kind = "lose"'), ["'lose'", "loss"]),
        (("damping = 1", "dampin = 1"), ["dampin", "damping"]),
        (('analyses = ["roll-out"]', 'analyses = ["rollout"]'), ["'rollout'", "roll-out"]),
        (('baselines = ["gd"]', 'baselines = ["dg"]'), ["'dg'", "gd"]),
    ],
)
def test_a_malformed_sweep_is_refused_before_it_trains(icl, tmp_path, change, named):
    (tmp_path / "wrong.toml").write_text(SWEEP.replace(*change))
    result = icl("reproduce", "wrong.toml")
    assert result.code == 2
    assert not [word for word in named if word not in result.err], result.err
    assert "starts" not in result.err
