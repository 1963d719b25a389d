"""Names that say what a run is, for those who give none.

A name belongs to a family: the runs that differ in nothing but the seed. Families of a sweep whose models and tasks
would be called alike also say the settings in which they differ, such as the learning rates that were swept.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from icl_cli.config import RunConfig
from icl_cli.distinguishing import distinguishing_settings, setting_text, setting_words, settings_at
from icl_cli.store import Database, list_families_called, names_of_known_families
from icl_cli.store.names import LONGEST_NAME

SHORT_ID_DIGITS = 8


def default_name(config: RunConfig) -> str:
    """E.g. "linear-2-layers-recurrent": what sets the model and task apart from the paper's simplest ones."""
    model, task = config.model, config.task
    usual = (10, 1 if task.kind == "sine" else 10)
    parts = [
        task.kind if task.kind != "linear" else "",
        "+".join(dict.fromkeys(model.attention)),
        f"{model.layers}-layer{'s' if model.layers > 1 else ''}",
        "recurrent" if model.recurrent else "",
        model.tokens if model.tokens != "merged" else "",
        f"{model.heads}-heads" if model.heads > 1 else "",
        f"norm-{model.layer_norm}" if model.layer_norm != "none" else "",
        "mlp" if model.mlp_widening else "",
        f"embedding-{model.embedding_size}" if model.embedding_size not in (None, 40) else "",
        f"N{task.context_length}-d{task.input_size}" if (task.context_length, task.input_size) != usual else "",
        f"{task.dataset_size}-tasks" if task.dataset_size else "",
        f"batch-{config.training.batch_size}" if config.training.dataset_batches == "random" else "",
        f"{config.training.steps}-steps" if config.training.learning_rate_decay != "none" else "",
        config.convention.removeprefix("paper-") if config.convention != "paper-code" else "",
    ]
    return "-".join(part for part in parts if part)


def names_of_families(
    database: Database | None, configs: Iterable[RunConfig], chosen: Collection[str] = ()
) -> dict[str, str]:
    """By family the name that new runs of each of `configs` get.

    A family that the database knows keeps the name of its newest run. Others are called by `default_name` and, where
    that would mean several families, here or in the database, by what sets them apart too; settings that were `chosen`,
    such as those of a grid, are said before all others.
    """
    families = {config.family: config for config in configs}
    known = {} if database is None else names_of_known_families(database, families)
    groups: dict[str, list[RunConfig]] = {}
    for config in families.values():
        groups.setdefault(default_name(config), []).append(config)
    names: dict[str, str] = {}
    for name, group in groups.items():
        if any(config.family not in known for config in group):
            stored = [] if database is None else [run.config for run in list_families_called(database, name)]
            others = [config for config in stored if config.family not in families and default_name(config) == name]
            names |= _told_apart(name, group, others, chosen)
    return names | known


def _told_apart(
    name: str, group: Sequence[RunConfig], others: Sequence[RunConfig], chosen: Collection[str]
) -> Mapping[str, str]:
    """The names of families that would all be called `name`, as those `others` are."""
    paths = distinguishing_settings([*group, *others], chosen)
    found = {}
    for config in group:
        values = zip(paths, settings_at(config, paths), strict=True)
        told = "-".join([name, *(_part(path, setting_text(value)) for path, value in values)])
        found[config.family] = told if len(told) <= LONGEST_NAME else f"{name}-{config.family[:SHORT_ID_DIGITS]}"
    return found


def _part(path: str, value: str) -> str:
    """`learning-rate-0.001`."""
    return re.sub(r"[\s,]+", "-", f"{setting_words(path)} {value}")
