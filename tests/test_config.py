import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from icl_cli.config import ADDED_LATER, RunConfig
from icl_cli.conventions import flat, nested, resolve
from icl_cli.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Change:
    """Another valid value of one field, and the values of others under which it may change alone."""

    value: Any
    where: dict[str, Any] = dataclasses.field(default_factory=dict)


WAVE = {"task.kind": "sine", "task.amplitude_low": 0.1, "task.amplitude_high": 0.5, "task.phase_draw": "correlated"}
SINE = {**WAVE, "task.input_size": 1}
DESCENT = {"model.attention": ("gradient-descent",)}
EMBEDDED = {"model.embedding_size": 20, "model.embedding_widening": 4}
SINUSOIDAL = {"model.positional_encoding": "sinusoidal", "model.positional_size": 11}
CHANGES = {
    "convention": Change("paper-text"),
    "task.input_size": Change(7),
    "task.output_size": Change(3),
    "task.context_length": Change(25),
    "task.input_half_width": Change(0.7),
    "task.teacher_scale": Change(2.0),
    "task.label_noise": Change(0.1),
    "task.dataset_size": Change(128),
    "model.tokens": Change("interleaved"),
    "task.amplitude_low": Change(0.2, SINE),
    "task.amplitude_high": Change(0.7, SINE),
    "task.phase_draw": Change("independent", SINE),
    "model.embedding_size": Change(30, EMBEDDED),
    "model.embedding_widening": Change(3, EMBEDDED),
    "model.layers": Change(3, {"model.recurrent": True}),
    "model.recurrent": Change(True),
    "model.heads": Change(4),
    "model.attention": Change(("softmax",)),
    "model.key_size": Change(20),
    "model.softmax_scaled": Change(False),
    "model.layer_norm": Change("before"),
    "model.mlp_widening": Change(4),
    "model.query_in_context": Change(True),
    "model.token_clip": Change(9.0),
    "model.positional_encoding": Change(
        "sinusoidal", {"model.positional_encoding": "unit", "model.positional_size": 11}
    ),
    "model.positional_size": Change(7, {"model.positional_encoding": "sinusoidal", "model.positional_size": 8}),
    "model.initialisation": Change("fixed"),
    "model.initial_scale": Change(0.5),
    "training.steps": Change(17),
    "training.batch_size": Change(64),
    "training.dataset_batches": Change("random", {"task.dataset_size": 128}),
    "training.warm_up_steps": Change(5),
    "training.learning_rate_decay": Change("cosine"),
    "training.learning_rate": Change(0.01),
    "training.adam_b1": Change(0.5),
    "training.adam_b2": Change(0.5),
    "training.adam_epsilon": Change(1e-6),
    "training.gradient_clip": Change(3.0),
    "training.loss": Change("squared-error"),
    "evaluation.tasks": Change(500),
    "evaluation.seed": Change(4),
    "evaluation.points": Change(7),
    "evaluation.snapshots": Change(7),
    "evaluation.unseen_inputs": Change("plain"),
    "seed": Change(8),
}
NEVER_ALONE = {"task.kind", "training.random_generator"}

OUT_OF_RANGE = [
    ("task.input_size", 0, "must be at least 1"),
    ("task.output_size", 1001, "at most 1000"),
    ("task.context_length", 0, "must be at least 1"),
    ("task.input_half_width", 0.0, "more than 0"),
    ("task.teacher_scale", -1.0, "more than 0"),
    ("task.label_noise", -0.5, "must be at least 0"),
    ("task.kind", "cubic", "'linear' or 'sine'"),
    ("task.amplitude_low", -0.1, "must be at least 0"),
    ("task.phase_draw", "half", "'correlated' or 'independent'"),
    ("model.embedding_widening", 65, "at most 64"),
    ("model.layers", 257, "at most 256"),
    ("model.heads", 0, "must be at least 1"),
    ("model.tokens", "mixed", "'merged' or 'interleaved'"),
    ("model.layer_norm", "after", "'none', 'before' or 'between'"),
    ("model.initialisation", "zeros", "'fan-in' or 'fixed'"),
    ("training.steps", 0, "must be at least 1"),
    ("training.learning_rate", 0.0, "more than 0"),
    ("training.adam_b2", 1.0, "less than 1"),
    ("training.loss", "absolute", "'half-squared-error' or 'squared-error'"),
    ("evaluation.tasks", 1, "must be at least 2"),
    ("seed", -1, "must be at least 0"),
    ("seed", 2**32, "less than 4294967296"),
]
WRONG_TYPES = [
    ("task.input_size", "5"),
    ("task.input_size", 5.0),
    ("seed", True),
    ("training.learning_rate", "1e-3"),
    ("model.recurrent", 1),
    ("model.token_clip", "10"),
    ("training.loss", None),
]
BATCHES_TOO_LARGE = [
    {"training.batch_size": 2**23},
    {"evaluation.tasks": 10**7},
    {"task.dataset_size": 2**23},
    {"task.context_length": 100_000, "training.batch_size": 1000, "evaluation.tasks": 10},
]
INCONSISTENT = [
    ({"model.layers": 3}, "attention: 1 kinds given for 3 layers"),
    ({"model.attention": ("linear", "linear")}, "attention: 2 kinds given for 1 layers"),
    (
        {"model.layers": 3, "model.recurrent": True, "model.attention": ("linear",) * 3},
        "attention: 3 kinds given for 1",
    ),
    ({"training.dataset_batches": "random"}, "'random' given without a fixed training set"),
    ({"model.layer_norm": "between"}, "'between' given for 1 layer"),
    ({"model.positional_size": 3}, "positional_size: 3 does not fit"),
    ({"model.positional_encoding": "sinusoidal"}, "positional_size: 0 does not fit"),
    ({"model.positional_encoding": "unit", "model.positional_size": 10}, "at least 11, one for each token"),
    (
        {"model.tokens": "interleaved", "model.positional_encoding": "unit", "model.positional_size": 20},
        "at least 21, one for each token",
    ),
    ({"task.amplitude_low": 0.1}, "task.amplitude_low: 0.1 given for a linear task; only sine tasks"),
    ({"task.phase_draw": "independent"}, "task.phase_draw: 'independent' given for a linear task"),
    ({"task.kind": "sine"}, "task.amplitude_low: none given for a sine task"),
    ({**SINE, "task.phase_draw": None}, "task.phase_draw: none given for a sine task"),
    (WAVE, "task.input_size: 10 given for a sine task; allowed is 1"),
    ({**SINE, "task.output_size": 2}, "task.output_size: 2 given for a sine task; allowed is 1"),
    ({**SINE, "task.teacher_scale": 2.0}, "task.teacher_scale: 2.0 given for a sine task; allowed is 1.0"),
    ({**SINE, "task.amplitude_low": 0.5}, "task.amplitude_low: 0.5 given with amplitude_high 0.5; it must be less"),
    ({"model.embedding_size": 20}, "embedding_widening: None does not fit embedding_size 20"),
    ({**EMBEDDED, "model.embedding_size": 1}, "embedding_size: 1 given for 1 outputs; it must be more"),
    ({**DESCENT, "model.heads": 2}, "heads: 2 given; gradient-descent attention has 1"),
    ({**DESCENT, "model.key_size": 5}, "key_size: 5 given; gradient-descent attention has the token size, 11"),
    (
        {**DESCENT, "model.positional_encoding": "sinusoidal", "model.positional_size": 4, "model.key_size": 15},
        "positional_encoding: 'sinusoidal' given; gradient-descent attention needs the targets last",
    ),
]


def run_config(changes: dict[str, Any]) -> RunConfig:
    base = flat(resolve("paper-code", {}).config.model_dump())
    return RunConfig.from_values(nested(base | changes))


def refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        run_config(changes)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("path", ["colour", "task.colour", "model.layer", "training.optimizer"])
def test_unknown_key_is_refused_by_name(path):
    assert repr(path) in refusal({path: 1})


@pytest.mark.parametrize(("path", "value", "allowed"), OUT_OF_RANGE)
def test_value_out_of_range_is_refused_with_what_was_given_and_what_is_allowed(path, value, allowed):
    message = refusal({path: value})
    assert message.startswith(f"{path} must be ")
    assert allowed in message
    assert repr(value) in message


@pytest.mark.parametrize(("path", "value"), WRONG_TYPES)
def test_values_are_not_converted_from_other_types(path, value):
    assert refusal({path: value}).startswith(f"{path} must be ")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("path", ["training.learning_rate", "task.label_noise", "model.token_clip"])
def test_numbers_must_be_finite(path, value):
    assert path in refusal({path: value})


@pytest.mark.parametrize("changes", BATCHES_TOO_LARGE)
def test_batch_beyond_memory_is_refused(changes):
    assert "one batch would hold" in refusal(changes)


@pytest.mark.parametrize(("changes", "message"), INCONSISTENT)
def test_values_that_do_not_fit_each_other_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        run_config(changes)


def test_configuration_cannot_be_changed():
    config = run_config({})
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 1
    with pytest.raises(ValidationError, match="frozen"):
        config.task.input_size = 3


def test_changes_cover_every_field():
    assert set(CHANGES) | NEVER_ALONE == set(flat(run_config({}).model_dump()))


@pytest.mark.parametrize("path", CHANGES)
def test_identity_depends_on_every_field(path):
    change = CHANGES[path]
    original, changed = run_config(change.where), run_config(change.where | {path: change.value})
    assert changed.identity != original.identity
    assert (changed.family == original.family) == (path == "seed")


def test_values_added_later_change_no_older_identity():
    """The default run of version 0.1.0, as results.db.example has it."""
    config = run_config({})
    assert config.identity == "5a133e2cb94962628a84b6c3dda4c57382bd5bd9d3d06f6e16f0564db9d2ae43"
    for group, added in ADDED_LATER.items():
        assert not added.keys() & json.loads(config.to_json())[group].keys()
    assert RunConfig.from_json(config.to_json()) == config


def test_a_fixed_set_without_a_batch_size_keeps_the_identity_of_the_first_release():
    """Figure 16's run on 128 tasks, as results.db.example has it."""
    config = run_config({"task.dataset_size": 128})
    assert config.identity == "5af91d5e4955842ac05ecb9ada9b913a05c30a1ce097ef53f60d6a07d3d4d9ee"
    assert "dataset_batches" not in config.to_json()
    assert config.tasks_per_step == 128


@pytest.mark.parametrize(
    "choices",
    [{"training.warm_up_steps": 5}, {"training.learning_rate_decay": "cosine"}, {"model.tokens": "interleaved"}],
)
def test_values_added_later_are_stored_where_they_say_something_new(choices):
    config = run_config(choices)
    assert config.identity != run_config({}).identity
    assert RunConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(("tokens", "count"), [("merged", 11), ("interleaved", 21)])
def test_tokens_of_an_episode_are_counted_with_the_query(tokens, count):
    config = run_config({"model.tokens": tokens, "model.positional_encoding": "unit", "model.positional_size": 30})
    assert config.token_count == count
    assert config.token_size == 10 + 1 + 30


def test_batch_limit_counts_the_tokens_of_both_layouts():
    largest = {"training.batch_size": 10**6, "model.tokens": "merged"}
    assert run_config(largest).token_count == 11
    assert "one batch would hold" in refusal({**largest, "model.tokens": "interleaved"})


def test_token_size_is_that_which_attention_sees():
    assert run_config({}).token_size == 11
    embedded = run_config(EMBEDDED | {"model.positional_encoding": "sinusoidal", "model.positional_size": 4})
    assert (embedded.token_size, embedded.given_token_size) == (20, 15)


def test_kinds_of_task_are_different_runs():
    assert run_config(SINE).identity != run_config({"task.input_size": 1}).identity
    assert RunConfig.from_json(run_config(SINE).to_json()) == run_config(SINE)


def test_warm_up_is_no_longer_than_the_run():
    run_config({"training.steps": 10, "training.warm_up_steps": 10})
    with pytest.raises(ConfigError, match=r"11 given for 10 steps; allowed are 0 to 10"):
        run_config({"training.steps": 10, "training.warm_up_steps": 11})


def test_identity_is_64_hexadecimal_digits_of_canonical_json():
    text = run_config({}).to_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert len(bytes.fromhex(run_config({}).identity)) == 32


def test_identity_does_not_depend_on_how_a_number_was_written():
    assert run_config({"task.teacher_scale": 2}).identity == run_config({"task.teacher_scale": 2.0}).identity
    assert (
        run_config({"training.learning_rate": 1e-3}).identity == run_config({"training.learning_rate": 0.001}).identity
    )


def test_negative_zero_is_zero():
    assert run_config({"task.label_noise": -0.0}).identity == run_config({"task.label_noise": 0.0}).identity


FLOATS = {
    "training.learning_rate": st.floats(0, 1e3, exclude_min=True),
    "task.input_half_width": st.floats(0, 1e6, exclude_min=True),
    "task.label_noise": st.floats(0, 1e6),
    "training.adam_epsilon": st.floats(0, 1, exclude_min=True),
    "model.token_clip": st.none() | st.floats(0, 1e6, exclude_min=True),
}
INTEGERS = {
    "seed": st.integers(0, 2**32 - 1),
    "training.steps": st.integers(1, 10**8),
    "model.heads": st.integers(1, 64),
}


@given(st.fixed_dictionaries(FLOATS | INTEGERS))
def test_canonical_json_reads_back_exactly(changes):
    config = run_config(changes)
    again = RunConfig.from_json(config.to_json())
    assert again == config
    assert again.identity == config.identity
    assert {path: flat(again.model_dump())[path] for path in changes} == changes


@pytest.mark.parametrize("text", ["", "{nope\n", "[]", "{}", "null", '{"seed": NaN}'])
def test_text_that_is_no_configuration_is_refused_on_one_line(text):
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_json(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("convention", "outputs", "noise", "loss"),
    [
        ("paper-code", 1, 0.5, 0.125),
        ("paper-text", 1, 0.5, 0.25),
        ("paper-code", 3, 0.1, 0.015),
        ("paper-code", 1, 0, 0),
    ],
)
def test_what_label_noise_adds_to_every_loss(convention, outputs, noise, loss):
    choices = {"task.label_noise": float(noise), "task.output_size": outputs}
    config = resolve(convention, choices).config
    assert config.noise_loss == pytest.approx(loss, rel=1e-12)
