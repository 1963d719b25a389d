"""The settings in which configurations differ, and values as words: what names and titles tell runs apart by."""

from collections.abc import Collection, Sequence
from typing import Any

from icl_cli.config import RunConfig
from icl_cli.conventions import flat

# The settings that people ask for first; they come before all others where several would tell runs apart.
FIRST_ASKED = (
    "convention",
    "task.kind",
    "model.layers",
    "model.recurrent",
    "model.tokens",
    "model.attention",
    "model.heads",
    "task.context_length",
    "task.input_size",
    "task.dataset_size",
    "training.steps",
    "training.batch_size",
    "training.learning_rate",
)


def differing_settings(configs: Sequence[RunConfig], first: Collection[str] = ()) -> list[str]:
    """The paths at which not all `configs` have the same value, seeds left out; those of `first` at the front."""
    values = [_settings(config) for config in configs]
    order = dict.fromkeys([*first, *FIRST_ASKED, *(path for own in values for path in own)])
    return [path for path in order if len({_key(own.get(path)) for own in values}) > 1]


def distinguishing_settings(configs: Sequence[RunConfig], first: Collection[str] = ()) -> list[str]:
    """Enough paths to tell every two different `configs` apart: all of `first` in which they differ, then as few others
    as do. Values that follow from others, such as those of a convention, are thereby left out.
    """
    values = [_settings(config) for config in configs]
    chosen: list[str] = []
    told: set[tuple[str, ...]] = {()} if configs else set()
    for path in differing_settings(configs, first):
        more = {tuple(_key(own.get(each)) for each in (*chosen, path)) for own in values}
        if path in first or len(more) > len(told):
            chosen.append(path)
            told = more
    return chosen


def settings_at(config: RunConfig, paths: Sequence[str]) -> list[Any]:
    """The values of `config` at these paths."""
    values = _settings(config)
    return [values.get(path) for path in paths]


def setting_text(value: Any) -> str:
    """A configuration value as people read it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return value[0] if len(set(value)) == 1 else ", ".join(value)
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def setting_words(path: str) -> str:
    """A path in words: `learning rate`; `evaluation seed`, which is not the run's."""
    group, _, name = path.rpartition(".")
    words = name.replace("_", " ")
    return f"{group} {words}" if group == "evaluation" or name == "kind" else words


def _settings(config: RunConfig) -> dict[str, Any]:
    return flat(config.model_dump(exclude={"seed"}))


def _key(value: Any) -> str:
    """What makes two values the same: true is not 1."""
    return repr(value)
