"""How a run is trained, where that need not be the paper's way: `--recipe fast`.

A recipe only chooses values that a user could choose too; a run is what its values are, whatever they came from. The
fast recipe was found by experiment; `docs/fast-recipe.md` says how, and how far it was tested.
"""

from collections.abc import Callable, Mapping
from typing import Any

Choices = Mapping[str, Any]

# A tenth of the paper's steps, and a tenth of those to warm up.
FEWER_STEPS = 10
WARM_UP = 10


def paper(layers: int, paper_steps: int, steps: int | None) -> Choices:  # noqa: ARG001
    """The paper's own way: nothing to choose."""
    return {}


def fast(layers: int, paper_steps: int, steps: int | None) -> Choices:
    """A tenth of the steps, with normalised gradients, a warm-up, a high peak and a cosine decay to zero.

    A clip of 0.001 is below almost every gradient norm, which makes Adam's second moment forget single large batches:
    deep models need that most. **Arguments**: `layers` applied, the `paper_steps` for them, and the user's own `steps`.
    """
    steps = steps or max(1, paper_steps // FEWER_STEPS)
    return {
        "training.steps": steps,
        "training.warm_up_steps": steps // WARM_UP,
        "training.learning_rate": 0.005 if layers == 1 else 0.015,
        "training.learning_rate_decay": "cosine",
        "training.adam_b2": 0.95,
        "training.gradient_clip": 1e-3,
        "model.initialisation": "fan-in",
        "model.initial_scale": 0.005,
    }


RECIPES: Mapping[str, Callable[[int, int, int | None], Choices]] = {"paper": paper, "fast": fast}
DEFAULT_RECIPE = "paper"
