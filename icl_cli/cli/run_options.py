"""The options that choose a run's configuration, as one table: flag, configuration path, type and help.

`takes_run_options` gives a command all of them; a new configuration value is one new row.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import typer

from icl_cli.cli.completion import one_of
from icl_cli.cli.options import defaulting
from icl_cli.cli.usage_errors import of_option
from icl_cli.errors import ConfigError
from icl_cli.task_kinds import TASK_KINDS

MODEL, TASK, TRAINING, EVALUATION = "Model", "Task", "Training", "Evaluation"


class RunOption(NamedTuple):
    """One option: `flag` as typed (with its opposite for switches), the `path` it sets, and how it is shown.

    `default` is what holds if it is not given, in words; `choices` are all values that there are, empty for numbers.
    """

    flag: str
    path: str
    kind: Any
    metavar: str | None
    text: str
    default: str
    choices: tuple[str, ...] = ()

    @property
    def parameter(self) -> str:
        """The command's parameter for it, e.g. `learning_rate`."""
        return self.flag.split("/")[0].removeprefix("--").replace("-", "_")

    @property
    def panel(self) -> str:
        """The group under which --help lists it."""
        return {"model": MODEL, "task": TASK, "training": TRAINING, "evaluation": EVALUATION}[self.path.split(".")[0]]

    @property
    def help(self) -> str:
        """The text and the choices."""
        return f"{self.text} {', '.join(self.choices)}." if self.choices else self.text


ATTENTION = ("linear", "softmax", "gradient-descent")
# Defaults that depend on other options; `icl train --dry-run` prints the value.
BY_DEPTH, BY_CONVENTION = "by depth", "by convention"

RUN_OPTIONS = (
    RunOption("--layers", "model.layers", int, "K", "Layers applied.", "1"),
    RunOption("--recurrent/--stacked", "model.recurrent", bool, None, "One layer K times, or K layers.", "stacked"),
    RunOption("--attention", "model.attention", list[str], "KIND", "Or one a layer (KIND,KIND):", "linear", ATTENTION),
    RunOption("--tokens", "model.tokens", str, "LAYOUT", "x, y in one, or two:", "merged", ("merged", "interleaved")),
    RunOption("--heads", "model.heads", int, "HEADS", "Attention heads per layer.", "1"),
    RunOption("--key-size", "model.key_size", int, "ROWS", "Of W_K, W_Q and W_V.", "token size"),
    RunOption(
        "--layer-norm",
        "model.layer_norm",
        str,
        "WHERE",
        "Before each layer, or all but the first:",
        "none",
        ("none", "before", "between"),
    ),
    RunOption("--mlp-widening", "model.mlp_widening", int, "TIMES", "An MLP this wide after attention.", "no MLP"),
    RunOption(
        "--query-in-context/--query-apart", "model.query_in_context", bool, None, "Is the query a key?", "query-apart"
    ),
    RunOption("--token-clip", "model.token_clip", float, "SIZE", "Clip tokens to ±SIZE; 0: never.", BY_DEPTH),
    RunOption(
        "--positional-encoding",
        "model.positional_encoding",
        str,
        "KIND",
        "Of each token:",
        "by tokens",
        ("none", "sinusoidal", "unit"),
    ),
    RunOption("--positional-size", "model.positional_size", int, "SIZE", "Numbers in one.", "by encoding"),
    RunOption("--embedding-size", "model.embedding_size", int, "SIZE", "Of tokens; 0: as they are.", "by task"),
    RunOption("--embedding-widening", "model.embedding_widening", int, "TIMES", "Of its MLP.", "4"),
    RunOption(
        "--initialisation", "model.initialisation", str, "KIND", "Of weights, by S:", BY_CONVENTION, ("fan-in", "fixed")
    ),
    RunOption(
        "--initial-scale", "model.initial_scale", float, "S", "Their deviation: √(S/fan-in), or S if fixed.", "0.002/K"
    ),
    RunOption("--task", "task.kind", str, "KIND", "Learned in context:", "linear", TASK_KINDS),
    RunOption("--context-length", "task.context_length", int, "N", "Examples in a context.", "10"),
    RunOption("--input-size", "task.input_size", int, "D", "Numbers in an input x.", "10, sine: 1"),
    RunOption("--output-size", "task.output_size", int, "SIZE", "Numbers in a target y.", "1"),
    RunOption("--input-half-width", "task.input_half_width", float, "A", "x ~ U(-A, A).", BY_CONVENTION),
    RunOption("--teacher-scale", "task.teacher_scale", float, "S", "W ~ S · N(0, 1).", "1"),
    RunOption("--label-noise", "task.label_noise", float, "SD", "Standard deviation of y's noise.", "0"),
    RunOption("--dataset-size", "task.dataset_size", int, "TASKS", "Train on so many fixed tasks.", "always new ones"),
    RunOption("--amplitude-low", "task.amplitude_low", float, "A", "Of sine waves, the least.", "0.1"),
    RunOption("--amplitude-high", "task.amplitude_high", float, "A", "Of sine waves, the most.", BY_CONVENTION),
    RunOption(
        "--phase-draw",
        "task.phase_draw",
        str,
        "HOW",
        "With a sine wave's amplitude, or not:",
        BY_CONVENTION,
        ("correlated", "independent"),
    ),
    RunOption("--steps", "training.steps", int, "STEPS", "Optimiser steps.", BY_DEPTH),
    RunOption("--batch-size", "training.batch_size", int, "TASKS", "Tasks a step.", "2048"),
    RunOption(
        "--dataset-batches",
        "training.dataset_batches",
        str,
        "KIND",
        "A step takes of --dataset-size:",
        "random with --batch-size, else whole",
        ("whole", "random"),
    ),
    RunOption("--learning-rate", "training.learning_rate", float, "RATE", "Of Adam, its peak.", BY_DEPTH),
    RunOption("--warm-up-steps", "training.warm_up_steps", int, "STEPS", "Until the rate's peak.", "0"),
    RunOption(
        "--learning-rate-decay",
        "training.learning_rate_decay",
        str,
        "KIND",
        "To zero, or not:",
        "none",
        ("none", "cosine"),
    ),
    RunOption("--gradient-clip", "training.gradient_clip", float, "NORM", "The largest norm of a gradient.", BY_DEPTH),
    RunOption(
        "--loss",
        "training.loss",
        str,
        "KIND",
        "Mean over tasks of:",
        BY_CONVENTION,
        ("half-squared-error", "squared-error"),
    ),
    RunOption("--evaluation-tasks", "evaluation.tasks", int, "TASKS", "Held-out tasks.", "10000"),
    RunOption("--evaluation-seed", "evaluation.seed", int, "SEED", "Of the held-out tasks.", "1"),
    RunOption("--evaluation-points", "evaluation.points", int, "TIMES", "Evaluations, denser early.", "100"),
    RunOption("--snapshots", "evaluation.snapshots", int, "TIMES", "Weights kept, denser early.", "30"),
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
        choices = _configuration_values(options)
        try:
            return command(choices=choices, **given)
        except ConfigError as error:
            flags = {each.path: each.flag.split("/")[0] for each in RUN_OPTIONS if each.path in choices}
            raise of_option(error, {"seed": "--seed", **flags}, f"icl {command.__name__}") from error

    parameters = [*added, *(parameter.replace(kind=keyword) for parameter in own)]
    # Typer reads a command's options from its signature and annotations.
    wrapper.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper


def _annotation(option: RunOption) -> Any:
    shown = typer.Option(
        option.flag,
        metavar=option.metavar,
        help=defaulting(option.help, option.default),
        rich_help_panel=option.panel,
        show_default=False,
        autocompletion=one_of(option.choices) if option.choices else None,
    )
    return Annotated[option.kind | None, shown]


def _configuration_values(options: dict[str, Any]) -> dict[str, Any]:
    """What was given, as the configuration wants it: a list of kinds for --attention, none for 0 where that says so."""
    choices = {path: value for path, value in options.items() if value is not None}
    if "model.attention" in choices:
        kinds = ",".join(choices["model.attention"]).split(",")
        choices["model.attention"] = tuple(kind.strip() for kind in kinds)
    for path in ("model.token_clip", "model.embedding_size"):
        if choices.get(path) == 0:
            choices[path] = None
    return choices
