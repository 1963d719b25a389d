"""The settings that a page lists as other than their convention's."""

import pytest

from icl_cli.conventions import CONVENTIONS, resolve
from icl_cli.report.settings import changed_settings

# Choices on which other defaults depend: none of them, and nothing that follows from them, is a change.
SHAPES = (
    {},
    {"task.kind": "sine"},
    {"task.kind": "sine", "model.attention": "gradient-descent"},
    {"task.kind": "sine", "model.layers": 2, "model.attention": "gradient-descent"},
    {"task.kind": "sine", "model.embedding_size": 20},
    {"model.layers": 5},
    {"model.layers": 4, "model.recurrent": True},
    {"model.tokens": "interleaved", "model.layers": 2, "model.attention": ("softmax", "linear")},
    {"model.embedding_size": 24},
    {"task.context_length": 20, "task.input_size": 3, "task.output_size": 2},
)


def config_of(convention, choices, recipe=None):
    attention = choices.get("model.attention")
    kinds = {"model.attention": (attention,)} if isinstance(attention, str) else {}
    return resolve(convention, choices | kinds, recipe).config


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("choices", SHAPES, ids=str)
def test_defaults_are_no_changes(convention, choices):
    assert changed_settings(config_of(convention, choices)) == []


@pytest.mark.parametrize("choices", SHAPES, ids=str)
def test_what_was_changed_is_listed_alone(choices):
    changed = {"training.steps": 70, "training.batch_size": 32, "evaluation.points": 7}
    listed = changed_settings(config_of("paper-code", choices | changed))
    assert {path: value for path, value, _ in listed} == {path: str(value) for path, value in changed.items()}


def test_a_fast_run_lists_what_the_recipe_chose():
    listed = changed_settings(config_of("paper-code", {"model.layers": 5, "training.steps": 200}, "fast"))
    assert {path: (value, usual) for path, value, usual in listed} == {
        "training.steps": ("200", "50000"),
        "training.warm_up_steps": ("20", "0"),
        "training.learning_rate": ("0.015", "0.0005"),
        "training.learning_rate_decay": ("cosine", "none"),
        "training.adam_b2": ("0.95", "0.98"),
        "training.gradient_clip": ("0.001", "10"),
        "model.initial_scale": ("0.005", "0.0004"),
    }
