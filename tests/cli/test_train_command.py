"""`icl train` as a user meets it."""

import json

import pytest
from small_runs import TINY

from icl_cli.cli.run_options import RUN_OPTIONS
from icl_cli.config import RunConfig
from icl_cli.conventions import flat, resolve


def test_training_prints_a_table_and_the_next_command(icl):
    result = icl("train", *TINY, "--seeds", "2")
    assert result.code == 0
    assert result.out.count("finished") == 2
    assert "Next: icl compare" in result.err
    assert max(map(len, result.out.splitlines())) <= 80


@pytest.mark.parametrize(("steps", "learned"), [(1, False), (200, True)])
def test_a_model_that_has_learned_nothing_is_told(icl, steps, learned):
    result = icl("train", *TINY, f"--steps={steps}", "--learning-rate=0.01", "--evaluation-tasks=1000")
    assert result.code == 0
    assert ("Seed 0 has learned nothing" in result.err) != learned


def test_a_name_that_another_configuration_has_is_told(icl):
    assert "also the name" not in icl("train", *TINY, "--name", "mine").err
    assert "also the name" not in icl("train", *TINY, "--name", "mine", "--seed", "1").err
    other = icl("train", *TINY, "--name", "mine", "--steps=41").err
    assert "'mine' is also the name of 2 runs of another configuration." in other


def test_kinds_of_attention_may_be_given_one_by_one(icl):
    words = ["train", "--layers", "2", "--dry-run", "--json"]
    together = icl(*words, "--attention", "linear,softmax").out
    assert icl(*words, "--attention", "linear", "--attention", "softmax").out == together
    assert json.loads(together)["data"]["config"]["model"]["attention"] == ["linear", "softmax"]


def test_the_same_command_again_trains_nothing(icl):
    icl("train", *TINY)
    again = icl("train", *TINY)
    assert again.code == 0
    assert "trained before" in again.err


def test_json_is_the_only_thing_on_stdout(icl):
    (record,) = json.loads(icl("train", *TINY, "--json").out)["data"]
    assert record["status"] == "finished"
    (summary,) = record["summaries"]
    assert summary["name"] == "held_out_loss"
    assert summary["standard_error"] > 0


def test_dry_run_prints_every_value_and_its_source_and_stores_nothing(icl, tmp_path):
    result = icl("train", "--layers", "5", "--learning-rate", "0.01", "--dry-run")
    lines = {line.split()[0]: line for line in result.out.splitlines() if line.strip()}
    for path in flat(resolve(None, {}).config.model_dump()):
        assert path in lines
    assert "given" in lines["training.learning_rate"]
    assert "K > 3" in lines["model.token_clip"]
    assert list(tmp_path.iterdir()) == []


def test_dry_run_json_is_the_configuration_that_training_stores(icl):
    planned = json.loads(icl("train", *TINY, "--dry-run", "--json").out)["data"]
    (trained,) = json.loads(icl("train", *TINY, "--json").out)["data"]
    assert planned["id"] == trained["id"]
    assert RunConfig.from_values(_with_tuples(planned["config"])).identity == trained["id"]


def _with_tuples(config):
    config["model"]["attention"] = tuple(config["model"]["attention"])
    return config


def test_a_diverged_run_is_stored_and_told_by_the_exit_code(icl):
    result = icl("train", *TINY, "--layers", "3", "--learning-rate", "1000", "--steps", "200")
    assert result.code == 3
    assert "diverged" in result.out


def test_every_option_sets_an_existing_value():
    assert {option.path for option in RUN_OPTIONS} <= set(flat(resolve(None, {}).config.model_dump()))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--layers", "-1"], ["--layers must be at least 1, given -1"]),
        (["--layers", "100000"], ["100000", "at most 256"]),
        (["--layers", "two"], ["--layers", "whole number", "'two'"]),
        (["--batch-size", "16000000", "--context-length", "100"], ["numbers", "batch"]),
        (["--attention", "cosine"], ["cosine", "linear", "softmax"]),
        (["--tokens", "mixed"], ["--tokens", "mixed", "merged", "interleaved"]),
        (["--attention", "softmax,linear"], ["--attention: 2 kinds", "1 layers"]),
        (["--task", "cosine"], ["--task must be", "cosine", "linear", "sine"]),
        (["--task", "sine"], ["--input-size", "3", "allowed is 1"]),
        (["--phase-draw", "independent"], ["--phase-draw", "only sine tasks"]),
        (["--attention", "gradient-descent", "--heads", "2"], ["heads", "gradient-descent"]),
        (["--convention", "paper"], ["paper-code", "paper-text"]),
        (["--convention", ""], ["''", "paper-code", "paper-text"]),
        (["--recipe", ""], ["''", "fast", "paper"]),
        (["--warm-up-steps", "100", "--steps", "10"], ["--warm-up-steps: 100 given for 10 steps", "icl train --help"]),
        (["--seeds", "0"], ["--seeds", "1 to 10000"]),
        (["--seed", "-1"], ["seed", "-1"]),
        (["--learning-rate", "nan"], ["--learning-rate", "finite"]),
        (["--layer-norm", "after"], ["after", "before"]),
        (["--name", "latest"], ["latest"]),
        (["--name", ""], ["name", "1 to 80"]),
        (["--frobnicate"], ["--frobnicate"]),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(icl, tmp_path, words, named):
    result = icl("train", *TINY, *words)
    assert result.code == 2
    assert result.out == ""
    assert len(result.err.splitlines()) == 1
    for word in named:
        assert word in result.err
    assert list(tmp_path.iterdir()) == []
