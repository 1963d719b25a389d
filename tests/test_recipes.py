import pytest

from icl_cli.conventions import flat, resolve
from icl_cli.errors import UsageError
from icl_cli.recipes import RECIPES

SHAPES = [
    {},
    {"model.layers": 2, "model.recurrent": True},
    {"model.layers": 5},
    {"model.attention": ("softmax",), "model.heads": 2},
]


@pytest.mark.parametrize("choices", SHAPES)
def test_the_papers_recipe_is_the_default_and_chooses_nothing(choices):
    assert resolve("paper-code", choices, "paper") == resolve("paper-code", choices)


@pytest.mark.parametrize("choices", SHAPES)
def test_the_fast_recipe_takes_a_tenth_of_the_steps_and_changes_training_alone(choices):
    paper, fast = (resolve("paper-code", choices, recipe) for recipe in RECIPES)
    assert fast.config.training.steps * 10 == paper.config.training.steps
    before, after = (flat(resolved.config.model_dump()) for resolved in (paper, fast))
    changed = {path for path in before if before[path] != after[path]}
    assert all(path.startswith(("training.", "model.initial")) for path in changed)
    assert "training.loss" not in changed
    assert {path for path, source in fast.sources.items() if source == "recipe fast"} >= changed


def test_what_is_given_wins_over_the_recipe():
    resolved = resolve("paper-code", {"training.learning_rate": 0.3, "training.steps": 70}, "fast")
    training = resolved.config.training
    assert (training.learning_rate, training.steps, training.warm_up_steps) == (0.3, 70, 7)
    assert resolved.sources["training.learning_rate"] == "given"


@pytest.mark.parametrize("steps", [1, 5, 11])
def test_the_fast_recipe_allows_the_shortest_runs(steps):
    assert resolve("paper-code", {"training.steps": steps}, "fast").config.training.warm_up_steps == steps // 10


def test_unknown_recipe_is_refused_with_the_allowed_ones():
    with pytest.raises(UsageError, match=r"'quick'.*Allowed: fast, paper"):
        resolve("paper-code", {}, "quick")
