"""`icl sweep plan`: every run of a file in a table that fits 80 columns, nothing started, no database made."""

import json
import shlex

import pytest

from icl_cli.store import Database, list_runs

SWEEP = """
name = "small"
title = "A small sweep"
seeds = 2
minutes = 3
quick = { recipe = "paper", settings = { training.steps = 10, evaluation.points = 3, evaluation.snapshots = 2 } }

[settings]
training = { steps = 20, batch_size = 32 }
evaluation = { tasks = 100, points = 5, snapshots = 3 }
task = { context_length = 5, input_size = 3 }

[grid]
model.layers = [1, 2]
model.recurrent = [false, true]

[[exclude]]
model = { layers = 1, recurrent = true }

[[include]]
model = { layers = 1, attention = ["softmax"] }
"""
FIGURE = '\n[[figure.panels]]\nkind = "loss"\n'


@pytest.fixture
def sweep_file(tmp_path):
    (tmp_path / "small.toml").write_text(SWEEP)
    return tmp_path / "small.toml"


def planned(icl, *words):
    result = icl("sweep", "plan", *words, "--json")
    assert result.code == 0, result.err
    return json.loads(result.out)["data"]


def test_the_plan_shows_every_configuration_and_starts_nothing(icl, sweep_file, tmp_path):
    result = icl("sweep", "plan", "small.toml", "--db=none.db")
    assert result.code == 0
    for row in ("layers 1, recurrent false", "layers 2, recurrent true", "layers 1, attention softmax"):
        assert row in result.out
    assert "layers 1, recurrent true" not in result.out
    assert "8 runs: 8 missing. Training left: ≈ 3 min 0 s. Room in the database: ≈ " in result.out
    assert result.err.strip() == "Next: icl sweep run small.toml --db none.db"
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_the_plan_as_json_has_the_same_numbers(icl, sweep_file):
    (plan,) = planned(icl, "small.toml")
    assert (plan["sweep"], plan["runs"], plan["missing"], plan["done"]) == ("small", 8, 8, 0)
    assert plan["training_minutes_left"] == pytest.approx(3)
    assert plan["bytes_left"] > 10_000
    values = [configuration["values"] for configuration in plan["configurations"]]
    assert values[0] == {"model.layers": 1, "model.recurrent": False}
    assert values[-1] == {"model.layers": 1, "model.attention": ["softmax"]}
    assert all(configuration["seeds"] == [0, 1] for configuration in plan["configurations"])
    assert len({identity for configuration in plan["configurations"] for identity in configuration["ids"]}) == 8


def test_what_was_trained_is_there_and_with_everything_done_it_says_so(icl, sweep_file, tmp_path):
    one = (tmp_path / "one.toml").write_text(SWEEP.split("[grid]")[0] + FIGURE)
    assert one
    assert icl("reproduce", "one.toml").code == 0
    plan, whole = planned(icl, "one.toml", "small.toml")
    assert (plan["done"], plan["missing"], plan["training_minutes_left"], plan["bytes_left"]) == (2, 0, 0, 0)
    # One layer is a point of the whole sweep too.
    assert (whole["done"], whole["missing"]) == (2, 6)
    result = icl("sweep", "plan", "one.toml")
    assert "2 runs: 2 done. Nothing is left to train." in result.out
    assert result.err.strip() == "Next: icl claims one.toml"
    assert icl("sweep", "plan", "one.toml", "small.toml").err.strip() == "Next: icl sweep run small.toml"
    (quick,) = planned(icl, "one.toml", "--quick")
    assert (quick["quick"], quick["done"], quick["missing"]) == (True, 0, 2)
    with Database.open(tmp_path / "results.db", mode="read") as database:
        assert len(list_runs(database)) == 2


def test_figures_are_planned_too_and_tables_fit_80_columns(icl):
    result = icl("sweep", "plan", "fig3a", "2", "fig16", "--quick")
    assert result.code == 0
    assert "fig03a (quick)" in result.out
    assert "dataset_size 8192" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert result.err.strip() == "Next: icl sweep run fig3a 2 fig16 --quick"


HOSTILE = "<script>it's \\\"[red]../../$(rm)"


def test_hostile_names_are_shown_as_they_are(icl, tmp_path):
    text = SWEEP.replace('"small"', f'"{HOSTILE}"').replace('"A small sweep"', f'"{HOSTILE}"')
    (tmp_path / "it's; $(touch x).toml").write_text(text.split("[grid]")[0])
    result = icl("sweep", "plan", "it's; $(touch x).toml")
    assert result.code == 0
    assert result.out.count(HOSTILE.replace("\\", "")) == 3
    assert shlex.split(result.err)[-1] == "it's; $(touch x).toml"
    assert [path.suffix for path in tmp_path.iterdir()] == [".toml"]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("model.layers = [1, 2]", "model.layers = [0]", ["model.layers", "0"]),
        ("model.layers = [1, 2]", "model.layer = [1]", ["'model.layer'", "'model.layers'"]),
        ("seeds = 2", "seeds = 1000\nbaselines = ['dg']", ["'dg'", "gd"]),
        ("seeds = 2", "seeds = [1, 1]", ["small.toml", "seeds", "different"]),
        ("[grid]", f"[grid]\ntask.output_size = {list(range(1, 1300))}", ["10,394 runs", "10,000"]),
        ("[[include]]", '[[figure.panels]]\nkind = "lose"\n[[include]]', ["'lose'", "loss"]),
    ],
)
def test_what_could_not_be_run_is_refused(icl, sweep_file, old, new, named):
    sweep_file.write_text(SWEEP.replace(old, new))
    result = icl("sweep", "plan", "small.toml")
    assert result.code == 2
    assert result.out == ""
    assert len(result.err.strip().splitlines()) == 1
    assert not [word for word in named if word not in result.err], result.err


def test_an_unknown_figure_and_a_missing_file_are_named(icl):
    assert "'fig99'" in icl("sweep", "plan", "fig99").err
    result = icl("sweep", "plan", "none.toml")
    assert (result.code, "none.toml" in result.err) == (2, True)
