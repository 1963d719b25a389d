"""The options that choose a run's configuration, as one table: flag, configuration path, type and help.

`takes_run_options` gives a command all of them; a new configuration value is one new row.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer

MODEL, TASK, TRAINING, EVALUATION = "Model", "Task", "Training", "Evaluation"


class RunOption(NamedTuple):
    """One option: `flag` as typed (with its opposite for switches), the `path` it sets, and how it is shown."""

    flag: str
    path: str
    kind: type
    metavar: str | None
    text: str

    @property
    def parameter(self) -> str:
        """The command's parameter for it, e.g. `learning_rate`."""
        return self.flag.split("/")[0].removeprefix("--").replace("-", "_")

    @property
    def panel(self) -> str:
        """The group under which --help lists it."""
        return {"model": MODEL, "task": TASK, "training": TRAINING, "evaluation": EVALUATION}[self.path.split(".")[0]]


RUN_OPTIONS = (
    RunOption("--layers", "model.layers", int, "K", "Layers applied. (default: 1)"),
    RunOption("--recurrent/--stacked", "model.recurrent", bool, None, "One layer applied K times, or K layers."),
    RunOption("--attention", "model.attention", str, "KIND", "linear|softmax|gradient-descent; or one a layer: k,k."),
    RunOption("--tokens", "model.tokens", str, "merged|interleaved", "A pair (x, y) in one token, or in two."),
    RunOption("--heads", "model.heads", int, "H", "Attention heads per layer. (default: 1)"),
    RunOption("--key-size", "model.key_size", int, "SIZE", "Rows of W_K, W_Q, W_V. (default: token size)"),
    RunOption(
        "--layer-norm", "model.layer_norm", str, "none|before|between", "Before every layer, or all but the first."
    ),
    RunOption("--mlp-widening", "model.mlp_widening", int, "W", "An MLP, W times as wide, after attention."),
    RunOption(
        "--query-in-context/--query-apart", "model.query_in_context", bool, None, "Is the query a key and value?"
    ),
    RunOption("--token-clip", "model.token_clip", float, "C", "Clip tokens to ±C, 0: never. (default: by depth)"),
    RunOption(
        "--positional-encoding", "model.positional_encoding", str, "none|sinusoidal|unit", "Appended to every token."
    ),
    RunOption("--positional-size", "model.positional_size", int, "SIZE", "Numbers in one encoding."),
    RunOption("--embedding-size", "model.embedding_size", int, "SIZE", "Of tokens, 0: as they are. (default: by task)"),
    RunOption("--embedding-widening", "model.embedding_widening", int, "W", "Of the embedding's MLP. (default: 4)"),
    RunOption("--initialisation", "model.initialisation", str, "fan-in|fixed", "std = √(S/fan-in), or std = S."),
    RunOption("--initial-scale", "model.initial_scale", float, "S", "Of the initial weights. (default: .002/K)"),
    RunOption("--task", "task.kind", str, "linear|sine", "What is learned in context. (default: linear)"),
    RunOption("--context-length", "task.context_length", int, "N", "Examples in a context. (default: 10)"),
    RunOption("--input-size", "task.input_size", int, "D", "Numbers in an input x. (default: 10)"),
    RunOption("--output-size", "task.output_size", int, "D", "Numbers in a target y. (default: 1)"),
    RunOption("--input-half-width", "task.input_half_width", float, "A", "x ~ U(-A, A). (default: by convention)"),
    RunOption("--teacher-scale", "task.teacher_scale", float, "S", "W ~ S · N(0, 1). (default: 1)"),
    RunOption("--label-noise", "task.label_noise", float, "SD", "Standard deviation of y's noise. (default: 0)"),
    RunOption("--dataset-size", "task.dataset_size", int, "B", "Train on B fixed tasks. (default: always new)"),
    RunOption("--amplitude-low", "task.amplitude_low", float, "A", "Of sine waves. (default: .1)"),
    RunOption("--amplitude-high", "task.amplitude_high", float, "A", "Of sine waves. (default: by convention)"),
    RunOption(
        "--phase-draw", "task.phase_draw", str, "correlated|independent", "With the amplitude? (default: by convention)"
    ),
    RunOption("--steps", "training.steps", int, "STEPS", "Optimiser steps. (default: by depth)"),
    RunOption("--batch-size", "training.batch_size", int, "TASKS", "Tasks a step. (default: 2048)"),
    RunOption("--learning-rate", "training.learning_rate", float, "RATE", "Of Adam, its peak. (default: by depth)"),
    RunOption("--warm-up-steps", "training.warm_up_steps", int, "STEPS", "Steps until the rate's peak. (default: 0)"),
    RunOption(
        "--learning-rate-decay", "training.learning_rate_decay", str, "none|cosine", "To zero, or not. (default: none)"
    ),
    RunOption("--gradient-clip", "training.gradient_clip", float, "NORM", "Largest norm. (default: by depth)"),
    RunOption("--loss", "training.loss", str, "half-squared-error|squared-error", "(default: by convention)"),
    RunOption("--evaluation-tasks", "evaluation.tasks", int, "TASKS", "Held-out tasks. (default: 10000)"),
    RunOption("--evaluation-seed", "evaluation.seed", int, "SEED", "Of the held-out tasks."),
    RunOption("--evaluation-points", "evaluation.points", int, "N", "Evaluations, denser early. (default: 100)"),
    RunOption("--snapshots", "evaluation.snapshots", int, "N", "Weights kept, denser early. (default: 30)"),
)


def takes_run_options(command: Callable[..., int]) -> Callable[..., int]:
    """`command` with an option for every row of `RUN_OPTIONS` in front of its own.

    It receives them as the keyword argument `choices`: configuration path to value, only those that were given.
    """
    own = [p for p in inspect.signature(command).parameters.values() if p.name != "choices"]
    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [inspect.Parameter(o.parameter, keyword, default=None, annotation=_annotation(o)) for o in RUN_OPTIONS]

    @functools.wraps(command)
    def wrapper(**given: Any) -> int:
        options = {option.path: given.pop(option.parameter) for option in RUN_OPTIONS}
        return command(choices=_configuration_values(options), **given)

    parameters = [*added, *(parameter.replace(kind=keyword) for parameter in own)]
    # Typer reads a command's options from its signature and annotations.
    wrapper.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper


def _annotation(option: RunOption) -> Any:
    shown = typer.Option(
        option.flag, metavar=option.metavar, help=option.text, rich_help_panel=option.panel, show_default=False
    )
    return Annotated[option.kind | None, shown]


def _configuration_values(options: dict[str, Any]) -> dict[str, Any]:
    """What was given, as the configuration wants it: a list of kinds for --attention, none for 0 where that says so."""
    choices = {path: value for path, value in options.items() if value is not None}
    if "model.attention" in choices:
        choices["model.attention"] = tuple(kind.strip() for kind in choices["model.attention"].split(","))
    for path in ("model.token_clip", "model.embedding_size"):
        if choices.get(path) == 0:
            choices[path] = None
    return choices
