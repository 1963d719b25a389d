"""What a family of runs is: the settings that people ask for first, and those that its convention would not give."""

from icl_cli.config import RunConfig
from icl_cli.conventions import flat, of_same_shape
from icl_cli.distinguishing import setting_text

# What a reader calls each setting, in the order of the page.
KEY_SETTINGS = {
    "convention": "convention",
    "model.layers": "layers K",
    "model.recurrent": "recurrent",
    "model.tokens": "tokens",
    "model.attention": "attention",
    "model.heads": "heads",
    "task.context_length": "context length N",
    "task.input_size": "input size d",
    "task.dataset_size": "fixed tasks",
    "training.steps": "steps",
    "training.batch_size": "batch",
    "training.learning_rate": "learning rate",
    "training.loss": "loss",
    "evaluation.tasks": "held-out tasks",
}


def key_settings(config: RunConfig) -> list[tuple[str, str]]:
    """(label, value) of every key setting."""
    values = flat(config.model_dump())
    return [(label, setting_text(values[path])) for path, label in KEY_SETTINGS.items()]


def changed_settings(config: RunConfig) -> list[tuple[str, str, str]]:
    """(path, value, the convention's value for a model and task of this shape) where the two differ."""
    values = flat(config.model_dump(exclude={"seed"}))
    defaults = flat(of_same_shape(config).model_dump(exclude={"seed"}))
    return [
        (path, setting_text(value), setting_text(defaults[path]))
        for path, value in values.items()
        if value != defaults[path]
    ]


def all_settings(config: RunConfig) -> list[tuple[str, str]]:
    """(path, value) of the whole configuration."""
    return [(path, setting_text(value)) for path, value in flat(config.model_dump()).items()]
