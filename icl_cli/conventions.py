"""The paper's settings, twice: as its released code has them and as its text has them.

`resolve` turns a convention and the user's own choices into a complete `RunConfig`, and says of every value where it
came from. This is the one place where the two readings of the paper differ; nothing else asks for the convention.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, get_args

from pydantic import Field, ValidationError

from icl_cli.config import ConventionName, FrozenConfig, RunConfig, config_error, token_count
from icl_cli.errors import ConfigError, unknown_name
from icl_cli.recipes import DEFAULT_RECIPE, RECIPES

CONVENTIONS: tuple[str, ...] = get_args(ConventionName)
DEFAULT_CONVENTION = "paper-code"
GIVEN = "given"
DATASET_BATCHES = "training.dataset_batches"
# What tokens of sine tasks are like unless they are chosen otherwise (A.7).
SINE_SHAPE = {"input_size": 1, "embedding_size": 40}


# Larger than any size that a configuration may have, and small enough for the floating-point numbers made of it.
LARGEST_COUNT = 10**9
Count = Annotated[int, Field(ge=-LARGEST_COUNT, le=LARGEST_COUNT)]


@dataclass(frozen=True)
class Setting:
    """One value of a configuration: its dotted path, the value, and the reason for it."""

    path: str
    value: Any
    reason: str


@dataclass(frozen=True)
class Resolved:
    """A complete configuration and, for each dotted path, where its value came from."""

    config: RunConfig
    sources: Mapping[str, str]


class Shape(FrozenConfig):
    """The choices that other defaults depend on."""

    kind: str = "linear"
    layers: Count = 1
    recurrent: bool = False
    attention: tuple[str, ...] = ("linear",)
    steps: Count | None = None
    input_size: Count = 10
    output_size: Count = 1
    context_length: Count = 10
    tokens: str = "merged"
    positional_encoding: str | None = None
    embedding_size: Count | None = None

    @property
    def interleaved(self) -> bool:
        """Whether x and y of a pair stand in tokens of their own."""
        return self.tokens == "interleaved"

    @property
    def encoding(self) -> str:
        """The positional encoding: interleaved tokens have one unless told otherwise."""
        return self.positional_encoding or ("sinusoidal" if self.interleaved else "none")

    @property
    def distinct_layers(self) -> int:
        """Layers with weights of their own."""
        return 1 if self.recurrent else self.layers


def resolve(convention: str | None, choices: Mapping[str, Any], recipe: str | None = None) -> Resolved:
    """The configuration of `convention` (None: the default) where `choices`, dotted path to value, replace its own.

    The values of `recipe` (None: the paper's) replace those of the convention, and `choices` replace both. Raises
    `UsageError` for an unknown convention or recipe and `ConfigError` for an unknown path or a value out of range.
    """
    source = "default" if convention is None else GIVEN
    convention = DEFAULT_CONVENTION if convention is None else convention
    if convention not in CONVENTIONS:
        raise unknown_name("convention", convention, CONVENTIONS)
    recipe = DEFAULT_RECIPE if recipe is None else recipe
    if recipe not in RECIPES:
        raise unknown_name("recipe", recipe, RECIPES)
    require_known(choices)
    shape = _shape(choices)
    settings = _settings(convention, shape)
    values = {setting.path: setting.value for setting in settings}
    sources = {"convention": source} | {setting.path: setting.reason for setting in settings}
    trained = RECIPES[recipe](shape.layers, _steps(shape)[0], shape.steps)
    values |= {**trained, **_expand_attention(choices, shape)}
    sources |= dict.fromkeys(trained, f"recipe {recipe}") | dict.fromkeys(choices, GIVEN)
    if _samples_dataset(choices):
        values[DATASET_BATCHES], sources[DATASET_BATCHES] = "random", "a batch size is given for a fixed set"
    return Resolved(RunConfig.from_values(nested({"convention": convention, **values})), sources)


def of_same_shape(config: RunConfig) -> RunConfig:
    """What the convention of `config` gives a model and task of its shape, all other values being the defaults.

    The number of steps is no part of that shape: only recipes ask for it, and a convention has a number of its own.
    """
    values = flat(config.model_dump(exclude={"convention", "seed"}))
    shape = {path: value for path, value in values.items() if path.split(".")[-1] in Shape.model_fields}
    del shape["training.steps"]
    # As on the command line, where one kind of attention stands for all layers: defaults of sine tasks depend on it.
    kinds = tuple(dict.fromkeys(config.model.attention))
    return resolve(config.convention, shape | ({"model.attention": kinds} if len(kinds) == 1 else {})).config


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one dictionary of dotted paths."""
    paths: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{prefix}{name}"
        paths |= flat(value, f"{path}.") if isinstance(value, Mapping) else {path: value}
    return paths


def nested(paths: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `flat`."""
    values: dict[str, Any] = {}
    for path, value in paths.items():
        *groups, name = path.split(".")
        inner = values
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = value
    return values


def require_known(choices: Iterable[str]) -> None:
    """Raises `ConfigError` for a path that no configuration has; the convention itself is not a choice."""
    known = {setting.path for setting in _settings(DEFAULT_CONVENTION, Shape())}
    for path in choices:
        if path not in known:
            nearest = get_close_matches(path, known, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise ConfigError(f"Unknown configuration key {path!r}.{hint} `icl train --dry-run` lists all.")


def _settings(convention: str, shape: Shape) -> list[Setting]:
    own = _paper_code(shape) if convention == "paper-code" else _paper_text(shape)
    sine = _sine(convention, shape) if shape.kind == "sine" else ()
    return [*_common(shape), *_structure(convention, shape), *own, *sine]


def _shape(choices: Mapping[str, Any]) -> Shape:
    paths = {path: path.split(".")[-1] for path in choices if path.split(".")[-1] in Shape.model_fields}
    given = {name: choices[path] for path, name in paths.items()}
    given = (SINE_SHAPE if given.get("kind") == "sine" else {}) | given
    try:
        return Shape.model_validate(given)
    except ValidationError as error:
        raise config_error(error, {name: path for path, name in paths.items()}) from error


def _expand_attention(choices: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """One given kind stands for all layers; a list is taken as it is."""
    if len(shape.attention) != 1 or "model.attention" not in choices:
        return dict(choices)
    return {**choices, "model.attention": shape.attention * max(1, min(shape.distinct_layers, 256))}


def _samples_dataset(choices: Mapping[str, Any]) -> bool:
    """Whether a batch size is given for a fixed training set: then each step draws so many of its tasks.

    Raises `ConfigError` where the whole set is asked for as well, because the batch size would have no effect.
    """
    if choices.get("task.dataset_size") is None or "training.batch_size" not in choices:
        return False
    if choices.get(DATASET_BATCHES) == "whole":
        raise ConfigError(
            f"training.batch_size: {choices['training.batch_size']} given, which has no effect on steps over the whole "
            f"training set. Leave it out, or give {DATASET_BATCHES} 'random'."
        )
    return True


def _common(shape: Shape) -> Iterable[Setting]:
    """Section 3 and Appendix A.12, where text and code agree."""
    paper = "paper, section 3"
    appendix = "paper, Appendix A.12"
    yield Setting("task.kind", "linear", paper)
    yield Setting("task.input_size", 10, paper)
    yield Setting("task.output_size", 1, paper)
    yield Setting("task.context_length", 10, paper)
    yield Setting("task.teacher_scale", 1.0, paper)
    yield Setting("task.label_noise", 0.0, paper)
    yield Setting("task.dataset_size", None, paper)
    yield Setting("task.amplitude_low", None, "of sine tasks only")
    yield Setting("task.amplitude_high", None, "of sine tasks only")
    yield Setting("task.phase_draw", None, "of sine tasks only")
    yield Setting("training.steps", *_steps(shape))
    yield Setting("training.batch_size", 2048, appendix)
    yield Setting("training.dataset_batches", "whole", appendix)
    yield Setting("training.warm_up_steps", 0, appendix)
    yield Setting("training.learning_rate_decay", "none", appendix)
    yield Setting("training.adam_b1", 0.9, appendix)
    yield Setting("training.adam_epsilon", 1e-8, "Optax default")
    yield Setting("training.random_generator", "threefry2x32-20", "as in JAX")
    yield Setting("evaluation.tasks", 10_000, paper)
    # Seed 0 happens to draw 10⁴ tasks on which one GD step errs 2.6 standard errors less than its population loss.
    yield Setting("evaluation.seed", 1, "default")
    yield Setting("evaluation.points", 100, "default")
    yield Setting("evaluation.snapshots", 30, "default")
    yield Setting("seed", 0, "default")


def _steps(shape: Shape) -> tuple[int, str]:
    if shape.kind == "sine":
        return 20_000, "authors' notebook of Figure 4"
    if shape.recurrent or shape.layers == 1:
        return 5000, "paper's figures, recurrent or K = 1"
    return 50_000, "paper's figures, K > 1 with own weights"


def _structure(convention: str, shape: Shape) -> Iterable[Setting]:
    """The model that the paper builds unless it says otherwise: linear attention, one head, no extras."""
    positions = token_count(shape.tokens, shape.context_length)
    sizes = {"none": 0, "sinusoidal": 10 if convention == "paper-code" else 20, "unit": positions}
    positional_size = sizes.get(shape.encoding, 0)
    token_size = shape.embedding_size or shape.input_size + shape.output_size + positional_size
    yield Setting("model.layers", 1, "default")
    yield Setting("model.recurrent", False, "default")
    yield Setting("model.tokens", "merged", "paper, section 2")
    yield Setting("model.heads", 1, "paper, section 3")
    yield Setting("model.attention", ("linear",) * max(1, min(shape.distinct_layers, 256)), "paper, section 2")
    yield Setting("model.key_size", token_size, "token size: square matrices, A.12")
    yield Setting("model.layer_norm", "none", "paper, section 3")
    yield Setting("model.mlp_widening", None, "paper, section 3")
    yield Setting("model.query_in_context", False, "paper, section 2")
    yield Setting("model.positional_encoding", shape.encoding, _why_encoded(shape))
    yield Setting("model.positional_size", positional_size, f"for {shape.encoding!r}")
    yield Setting("model.embedding_size", None, "paper, section 3")
    widening = None if shape.embedding_size is None else 4
    yield Setting("model.embedding_widening", widening, "no embedding" if widening is None else "paper, A.7")


def _why_encoded(shape: Shape) -> str:
    return "interleaved tokens find their pair by it, A.5" if shape.interleaved else "paper, section 3"


def _paper_code(shape: Shape) -> Iterable[Setting]:
    """What the authors' released code does; its numbers are the figures'."""
    name = "paper-code"
    deep, steep = shape.layers > 3, shape.layers > 2
    relation = "interleaved" if shape.interleaved else f"K {'>' if steep else '<='} 2"
    scale = 0.02 if shape.interleaved else 0.002
    yield Setting("task.input_half_width", 0.5, name)
    yield Setting("model.softmax_scaled", True, name)
    yield Setting("model.token_clip", 10.0 if deep else None, f"{name}, K {'>' if deep else '<='} 3")
    yield Setting("model.initialisation", "fan-in", name)
    yield Setting("model.initial_scale", scale / max(1, shape.layers), f"{name}, {scale} / K")
    yield Setting("training.loss", "half-squared-error", name)
    yield Setting("training.adam_b2", 0.98, name)
    yield Setting("training.learning_rate", 5e-4 if deep else 1e-3, f"{name}, K {'>' if deep else '<='} 3")
    yield Setting("training.gradient_clip", 10.0 if steep or shape.interleaved else 1e-3, f"{name}, {relation}")
    yield Setting("evaluation.unseen_inputs", "normalised", name)


def _paper_text(shape: Shape) -> Iterable[Setting]:
    """What the paper's text says."""
    name = "paper-text"
    deep = shape.layers > 2
    relation = ">" if deep else "<="
    yield Setting("task.input_half_width", 1.0, name)
    yield Setting("model.softmax_scaled", False, name)
    yield Setting("model.token_clip", 10.0 if deep else None, f"{name}, K {relation} 2")
    yield Setting("model.initialisation", "fixed", name)
    yield Setting("model.initial_scale", 0.002 / max(1, shape.layers), f"{name}, 0.002 / K")
    yield Setting("training.loss", "squared-error", name)
    yield Setting("training.adam_b2", 0.999, name)
    yield Setting("training.learning_rate", 5e-4 if deep else 1e-3, f"{name}, K {relation} 2")
    yield Setting("training.gradient_clip", 10.0, name)
    yield Setting("evaluation.unseen_inputs", "plain", name)


def _sine(convention: str, shape: Shape) -> Iterable[Setting]:
    """Section 4 and Appendix A.7, where they differ from linear regression."""
    paper, notebook = "paper, A.7", "authors' notebook of Figure 4"
    meta_learned = shape.attention == ("gradient-descent",)
    narrow = convention == "paper-code"
    yield Setting("task.input_size", 1, paper)
    yield Setting("task.input_half_width", 5.0, paper)
    yield Setting("task.amplitude_low", 0.1, paper)
    yield Setting("task.amplitude_high", 0.5 if narrow else 5.0, convention if narrow else paper)
    yield Setting("task.phase_draw", "correlated" if narrow else "independent", convention if narrow else paper)
    yield Setting("model.embedding_size", 40, paper)
    yield Setting("training.gradient_clip", 100.0, notebook)
    yield Setting("training.learning_rate", 3e-4 if meta_learned else 1e-3, notebook)
