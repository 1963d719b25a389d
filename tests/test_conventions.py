from typing import Any

import pytest

from icl_cli.conventions import CONVENTIONS, GIVEN, flat, nested, resolve
from icl_cli.errors import ConfigError, UsageError

DEPTHS = range(1, 7)

COMMON = {
    "task.kind": "linear",
    "task.input_size": 10,
    "task.output_size": 1,
    "task.context_length": 10,
    "task.teacher_scale": 1.0,
    "task.label_noise": 0.0,
    "task.dataset_size": None,
    "training.dataset_batches": "whole",
    "model.tokens": "merged",
    "task.amplitude_low": None,
    "task.amplitude_high": None,
    "task.phase_draw": None,
    "model.embedding_size": None,
    "model.embedding_widening": None,
    "model.heads": 1,
    "model.key_size": 11,
    "model.layer_norm": "none",
    "model.mlp_widening": None,
    "model.query_in_context": False,
    "model.positional_encoding": "none",
    "model.positional_size": 0,
    "training.batch_size": 2048,
    "training.warm_up_steps": 0,
    "training.learning_rate_decay": "none",
    "training.adam_b1": 0.9,
    "training.adam_epsilon": 1e-8,
    "evaluation.tasks": 10_000,
}
# The table "Two conventions, one switch", where the depth does not matter ...
CONSTANT = {
    "paper-code": {
        "task.input_half_width": 0.5,
        "training.loss": "half-squared-error",
        "training.adam_b2": 0.98,
        "model.initialisation": "fan-in",
        "model.softmax_scaled": True,
        "evaluation.unseen_inputs": "normalised",
    },
    "paper-text": {
        "task.input_half_width": 1.0,
        "training.loss": "squared-error",
        "training.adam_b2": 0.999,
        "training.gradient_clip": 10.0,
        "model.initialisation": "fixed",
        "model.softmax_scaled": False,
        "evaluation.unseen_inputs": "plain",
    },
}
# ... and where it does, for K = 1 … 6.
BY_DEPTH: dict[str, dict[str, list[Any]]] = {
    "paper-code": {
        "training.gradient_clip": [1e-3, 1e-3, 10.0, 10.0, 10.0, 10.0],
        "training.learning_rate": [1e-3, 1e-3, 1e-3, 5e-4, 5e-4, 5e-4],
        "model.token_clip": [None, None, None, 10.0, 10.0, 10.0],
    },
    "paper-text": {
        "training.learning_rate": [1e-3, 1e-3, 5e-4, 5e-4, 5e-4, 5e-4],
        "model.token_clip": [None, None, 10.0, 10.0, 10.0, 10.0],
    },
}
INITIAL_SCALES = [0.002, 0.001, 0.002 / 3, 0.0005, 0.0004, 0.002 / 6]
STEPS_WITH_OWN_WEIGHTS = [5000, 50_000, 50_000, 50_000, 50_000, 50_000]

OTHER_VALUES = {
    "task.input_size": 7,
    "task.output_size": 3,
    "task.context_length": 25,
    "task.input_half_width": 0.7,
    "task.teacher_scale": 2.0,
    "task.label_noise": 0.1,
    "task.dataset_size": 128,
    "model.layers": 3,
    "model.recurrent": True,
    "model.tokens": "interleaved",
    "model.heads": 4,
    "model.attention": ("softmax",),
    "model.key_size": 20,
    "model.softmax_scaled": None,
    "model.layer_norm": "before",
    "model.mlp_widening": 4,
    "model.query_in_context": True,
    "model.token_clip": 9.0,
    "model.positional_encoding": "unit",
    "model.initialisation": None,
    "model.initial_scale": 0.5,
    "training.steps": 17,
    "training.batch_size": 64,
    "training.learning_rate": 0.01,
    "training.warm_up_steps": 5,
    "training.learning_rate_decay": "cosine",
    "training.adam_b1": 0.5,
    "training.adam_b2": 0.5,
    "training.adam_epsilon": 1e-6,
    "training.gradient_clip": 3.0,
    "training.loss": None,
    "evaluation.tasks": 500,
    "evaluation.seed": 4,
    "evaluation.points": 7,
    "evaluation.snapshots": 7,
    "evaluation.unseen_inputs": None,
    "seed": 8,
}
# None above: the other of two values, whichever the convention does not have.
PAIRS = {
    "model.softmax_scaled": (True, False),
    "model.initialisation": ("fan-in", "fixed"),
    "training.loss": ("half-squared-error", "squared-error"),
    "evaluation.unseen_inputs": ("normalised", "plain"),
}
SINE_ONLY = {"task.amplitude_low", "task.amplitude_high", "task.phase_draw"}
EMBEDDING = {"model.embedding_size", "model.embedding_widening"}
NOT_ALONE = {
    "convention",
    "task.kind",
    "training.dataset_batches",
    "training.random_generator",
    "model.positional_size",
}
NOT_FREE = NOT_ALONE | SINE_ONLY | EMBEDDING


def values(convention: str, choices: dict[str, Any]) -> dict[str, Any]:
    return flat(resolve(convention, choices).config.model_dump())


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_value_is_that_of_the_paper(convention, depth, recurrent):
    found = values(convention, {"model.layers": depth, "model.recurrent": recurrent})
    expected = COMMON | CONSTANT[convention]
    expected |= {path: by_depth[depth - 1] for path, by_depth in BY_DEPTH[convention].items()}
    expected["model.initial_scale"] = INITIAL_SCALES[depth - 1]
    expected["model.attention"] = ("linear",) * (1 if recurrent else depth)
    expected["training.steps"] = 5000 if recurrent else STEPS_WITH_OWN_WEIGHTS[depth - 1]
    assert {path: found[path] for path in expected} == expected
    assert found["convention"] == convention


@pytest.mark.parametrize(
    ("convention", "kind", "size"),
    [("paper-code", "sinusoidal", 10), ("paper-text", "sinusoidal", 20), ("paper-code", "unit", 11)],
)
def test_key_size_is_the_token_size(convention, kind, size):
    found = values(convention, {"model.positional_encoding": kind, "task.output_size": 2})
    assert found["model.positional_size"] == size
    assert found["model.key_size"] == 10 + 2 + size


@pytest.mark.parametrize("layers", [1, 2, 4])
@pytest.mark.parametrize(("convention", "size", "scale"), [("paper-code", 10, 0.02), ("paper-text", 20, 0.002)])
def test_interleaved_tokens_come_with_their_own_settings(convention, size, scale, layers):
    resolved = resolve(convention, {"model.tokens": "interleaved", "model.layers": layers})
    found = flat(resolved.config.model_dump())
    assert (found["model.positional_encoding"], found["model.positional_size"]) == ("sinusoidal", size)
    assert "interleaved" in resolved.sources["model.positional_encoding"]
    assert found["model.key_size"] == 11 + size
    assert found["model.initial_scale"] == scale / layers
    assert found["training.gradient_clip"] == 10


@pytest.mark.parametrize(("kind", "size"), [("none", 0), ("unit", 21), ("sinusoidal", 10)])
def test_interleaved_tokens_take_the_encoding_that_is_asked_for(kind, size):
    found = values("paper-code", {"model.tokens": "interleaved", "model.positional_encoding": kind})
    assert (found["model.positional_encoding"], found["model.positional_size"]) == (kind, size)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_field_but_a_few_is_overridden_below(convention):
    assert OTHER_VALUES.keys() | NOT_FREE == values(convention, {}).keys()


@pytest.mark.parametrize("path", OTHER_VALUES)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_value_can_be_given(convention, path):
    default = values(convention, {})[path]
    other = next(value for value in PAIRS.get(path, [OTHER_VALUES[path]]) if value != default)
    resolved = resolve(convention, {path: other})
    assert flat(resolved.config.model_dump())[path] == other
    assert resolved.sources[path] == GIVEN
    assert {path for path, source in resolved.sources.items() if source == GIVEN} == {"convention", path}


SINE = {
    "paper-code": {"task.amplitude_high": 0.5, "task.phase_draw": "correlated"},
    "paper-text": {"task.amplitude_high": 5.0, "task.phase_draw": "independent"},
}
SINE_COMMON = {
    "task.input_size": 1,
    "task.output_size": 1,
    "task.context_length": 10,
    "task.input_half_width": 5.0,
    "task.amplitude_low": 0.1,
    "model.embedding_size": 40,
    "model.embedding_widening": 4,
    "model.key_size": 40,
    "training.steps": 20_000,
    "training.batch_size": 2048,
    "training.gradient_clip": 100.0,
}


@pytest.mark.parametrize("attention", ["linear", "gradient-descent"])
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_sine_values_are_those_of_appendix_7_and_the_notebook(convention, attention):
    found = values(convention, {"task.kind": "sine", "model.attention": (attention,)})
    expected = SINE_COMMON | SINE[convention]
    expected["training.learning_rate"] = 1e-3 if attention == "linear" else 3e-4
    assert {path: found[path] for path in expected} == expected


@pytest.mark.parametrize("path", sorted(SINE_ONLY | EMBEDDING))
def test_every_value_of_sine_tasks_can_be_given(path):
    other = {"task.phase_draw": "independent"}.get(path, 3 if path.startswith("model") else 0.3)
    resolved = resolve("paper-code", {"task.kind": "sine", path: other})
    assert flat(resolved.config.model_dump())[path] == other
    assert resolved.sources[path] == GIVEN


def test_sine_tasks_can_do_without_an_embedding_and_linear_ones_with():
    bare = values("paper-code", {"task.kind": "sine", "model.embedding_size": None})
    assert (bare["model.embedding_widening"], bare["model.key_size"]) == (None, 2)
    embedded = values("paper-code", {"model.embedding_size": 24})
    assert (embedded["model.embedding_widening"], embedded["model.key_size"]) == (4, 24)


def test_given_positional_size_is_kept():
    choices = {"model.positional_encoding": "sinusoidal", "model.positional_size": 6}
    assert values("paper-code", choices)["model.positional_size"] == 6


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_value_has_a_source(convention):
    resolved = resolve(convention, {})
    assert resolved.sources.keys() == flat(resolved.config.model_dump()).keys()
    assert all(resolved.sources.values())


def test_default_convention_is_that_of_the_figures():
    resolved = resolve(None, {})
    assert resolved.config == resolve("paper-code", {}).config
    assert resolved.sources["convention"] != GIVEN


def test_one_attention_kind_stands_for_all_layers():
    assert (
        values("paper-code", {"model.attention": ("softmax",), "model.layers": 3})["model.attention"]
        == ("softmax",) * 3
    )


def test_different_attention_kinds_are_kept():
    kinds = ("softmax", "linear", "linear")
    assert values("paper-code", {"model.attention": kinds, "model.layers": 3})["model.attention"] == kinds


def test_unknown_convention_is_refused_with_the_allowed_ones():
    with pytest.raises(UsageError, match=r"'paper-cod'.*Allowed: paper-code, paper-text"):
        resolve("paper-cod", {})


@pytest.mark.parametrize("path", ["task.colour", "colour.layers", "model.layerz", "training.inner.rate"])
def test_unknown_path_is_refused_by_name(path):
    with pytest.raises(ConfigError, match=f"'{path}'"):
        resolve("paper-code", {path: 1})


@pytest.mark.parametrize(
    "path", ["layers", "seed.layer", "model.layers.first", "training.layers", "model.inner.layers"]
)
def test_misplaced_path_is_refused_by_name(path):
    with pytest.raises(ConfigError, match=f"'{path}'"):
        resolve("paper-code", {path: 3})


def test_convention_cannot_be_contradicted_by_a_choice():
    with pytest.raises(ConfigError, match="convention"):
        resolve("paper-code", {"convention": "paper-text"})


def test_flat_and_nested_are_inverse():
    config = resolve("paper-text", {"model.layers": 2}).config.model_dump()
    assert nested(flat(config)) == config


def test_a_batch_size_of_a_fixed_set_says_why_its_batches_are_random():
    resolved = resolve(None, {"task.dataset_size": 128, "training.batch_size": 32})
    assert resolved.config.training.dataset_batches == "random"
    assert resolved.sources["training.dataset_batches"] == "a batch size is given for a fixed set"
    assert resolve(None, {"task.dataset_size": 128}).config.training.dataset_batches == "whole"


def test_a_batch_size_of_a_fixed_set_draws_so_many_tasks():
    configs = [resolve(None, {"task.dataset_size": 128, "training.batch_size": size}).config for size in (32, 64)]
    assert [config.tasks_per_step for config in configs] == [32, 64]
    assert len({config.identity for config in configs}) == 2


def test_a_batch_size_beside_the_whole_set_is_refused():
    choices = {"training.dataset_batches": "whole", "task.dataset_size": 128, "training.batch_size": 64}
    with pytest.raises(ConfigError, match=r"batch_size: 64 given, which has no effect .* Leave it out"):
        resolve(None, choices)
