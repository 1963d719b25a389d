"""Names that say what a run is, for those who give none."""

from icl_cli.config import RunConfig


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
