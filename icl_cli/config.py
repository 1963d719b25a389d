"""What a run is: task, model, training, evaluation and seed, as frozen, validated data.

Two runs with the same configuration are the same run: `RunConfig.identity` is the SHA-256 of the canonical JSON.
Names, tags and notes are not here because they change no number. `icl_cli.conventions` fills in the paper's values.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from icl_cli.errors import ConfigError
from icl_cli.task_kinds import TaskKind, require_task
from icl_cli.value_problems import explained

PhaseDraw = Literal["correlated", "independent"]
AttentionKind = Literal["linear", "softmax", "gradient-descent"]
ConventionName = Literal["paper-code", "paper-text"]
LayerNormPlacement = Literal["none", "before", "between"]
PositionalEncoding = Literal["none", "sinusoidal", "unit"]
TokenLayout = Literal["merged", "interleaved"]
Initialisation = Literal["fan-in", "fixed"]
Decay = Literal["none", "cosine"]
DatasetBatches = Literal["whole", "random"]
Loss = Literal["half-squared-error", "squared-error"]
UnseenInputs = Literal["normalised", "plain"]
RandomGenerator = Literal["threefry2x32-20"]

# What the squared error is multiplied by: the authors' code halves it.
LOSS_FACTORS: dict[Loss, float] = {"half-squared-error": 0.5, "squared-error": 1.0}

Size = Annotated[int, Field(ge=1, le=1000)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]

# Values that were added after the first release, each with what was done before. At that value they are left out of
# the canonical JSON, so that older runs keep their identity and can be read.
ADDED_LATER: dict[str, dict[str, Any]] = {
    "task": {"amplitude_low": None, "amplitude_high": None, "phase_draw": None},
    "model": {"tokens": "merged", "embedding_size": None, "embedding_widening": None},
    "training": {"warm_up_steps": 0, "learning_rate_decay": "none", "dataset_batches": "whole"},
}

# More numbers than this in one batch (0.5 GiB in float32) are a typing mistake on any machine that icl is meant for.
LARGEST_BATCH = 2**27


class FrozenConfig(BaseModel):
    """Immutable, strict about types, and closed: an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)

    @field_validator("*", mode="after")
    @classmethod
    def _without_negative_zero(cls, value: Any) -> Any:
        # -0.0 draws the numbers of 0.0, so it must not be another run.
        return value + 0.0 if isinstance(value, float) else value


class TaskConfig(FrozenConfig):
    """In-context regression: N pairs and one query per task, y = W x + noise (section 3) or y = a sin(x + ρ) (A.7)."""

    kind: TaskKind = Field(description="what is learned in context")
    input_size: Size = Field(description="d, numbers in one input x")
    output_size: Size = Field(description="numbers in one target y")
    context_length: int = Field(ge=1, le=100_000, description="N, pairs (x, y) in one context")
    input_half_width: float = Field(gt=0, le=1e6, description="x ~ U(-half_width, half_width)^d")
    teacher_scale: float = Field(gt=0, le=1e6, description="W ~ teacher_scale * N(0, 1); 1 for sine tasks")
    label_noise: float = Field(ge=0, le=1e6, description="standard deviation of the noise on context and query targets")
    dataset_size: int | None = Field(
        ge=1, le=2**24, description="tasks in one fixed training set; none: new tasks every step"
    )
    amplitude_low: float | None = Field(default=None, ge=0, le=1e6, description="a ~ U(low, high); none: not sine")
    amplitude_high: float | None = Field(default=None, gt=0, le=1e6, description="a ~ U(low, high); none: not sine")
    phase_draw: PhaseDraw | None = Field(
        default=None, description="ρ ~ U(0, π) from the draw of the amplitude, or from its own; none: not sine"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_task(self.kind, dict(self))
        return self


class ModelConfig(FrozenConfig):
    """A transformer over tokens, read out at the query's y-entry."""

    tokens: TokenLayout = Field(
        default="merged", description="x and y of a pair in one token (x, y), or in two, (x, 0) and (0, y)"
    )
    layers: int = Field(ge=1, le=256, description="K, applied layers")
    recurrent: bool = Field(description="apply one layer K times instead of K layers with their own weights")
    heads: int = Field(ge=1, le=64, description="attention heads per layer")
    attention: tuple[AttentionKind, ...] = Field(description="attention of each layer with weights of its own")
    key_size: Size = Field(description="rows of W_K, W_Q and W_V of one head")
    softmax_scaled: bool = Field(description="divide softmax logits by sqrt(key_size)")
    layer_norm: LayerNormPlacement = Field(
        description="LayerNorm before each attention layer, or before all but the first"
    )
    mlp_widening: int | None = Field(
        ge=1, le=64, description="hidden size of the MLP block over the token size; none: no MLP"
    )
    query_in_context: bool = Field(description="let the query token also serve as key and value")
    token_clip: float | None = Field(gt=0, le=1e6, description="clip every token entry to +-clip after each layer")
    positional_encoding: PositionalEncoding = Field(description="encoding concatenated to every token")
    positional_size: int = Field(ge=0, le=100_001, description="numbers in one positional encoding")
    initialisation: Initialisation = Field(description="std = sqrt(scale / fan_in), or std = scale; truncated normal")
    initial_scale: float = Field(gt=0, le=1e3, description="scale of the initial weights")
    embedding_size: Size | None = Field(
        default=None, description="numbers in an embedded token; none: tokens are not embedded"
    )
    embedding_widening: int | None = Field(
        default=None, ge=1, le=64, description="hidden size of the embedding's MLP over the embedding size"
    )

    @property
    def distinct_layers(self) -> int:
        """Layers with weights of their own: 1 when recurrent."""
        return 1 if self.recurrent else self.layers

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.attention) != self.distinct_layers:
            raise ValueError(
                f"attention: {len(self.attention)} kinds given for {self.distinct_layers} layers "
                "with their own weights; give one for each"
            )
        if self.layer_norm == "between" and self.layers < 2:
            raise ValueError("layer_norm: 'between' given for 1 layer; it needs at least 2, use 'before' or 'none'")
        if (self.positional_encoding == "none") != (self.positional_size == 0):
            raise ValueError(
                f"positional_size: {self.positional_size} does not fit encoding {self.positional_encoding!r}; "
                "use 0 with 'none' and at least 1 otherwise"
            )
        if (self.embedding_size is None) != (self.embedding_widening is None):
            raise ValueError(
                f"embedding_widening: {self.embedding_widening} does not fit embedding_size {self.embedding_size}; "
                "give both or none"
            )
        if "gradient-descent" in self.attention and self.heads > 1:
            raise ValueError(f"heads: {self.heads} given; gradient-descent attention has 1")
        return self


class TrainingConfig(FrozenConfig):
    """Adam on freshly drawn tasks (Appendix A.12)."""

    steps: int = Field(ge=1, le=10**8, description="optimiser steps")
    batch_size: int = Field(ge=1, le=2**24, description="tasks per step; no effect on steps over a whole fixed set")
    dataset_batches: DatasetBatches = Field(
        default="whole",
        description="tasks of a step where the set is fixed: all, or batch_size drawn from it with replacement",
    )
    learning_rate: float = Field(gt=0, le=1e3, description="Adam's step size, at its peak")
    warm_up_steps: int = Field(default=0, ge=0, le=10**8, description="steps over which the rate rises to its peak")
    learning_rate_decay: Decay = Field(default="none", description="to zero over the steps after the warm-up, or not")
    adam_b1: float = Field(ge=0, lt=1, description="Adam's decay of the first moment")
    adam_b2: float = Field(ge=0, lt=1, description="Adam's decay of the second moment")
    adam_epsilon: float = Field(gt=0, le=1, description="Adam's denominator offset")
    gradient_clip: float = Field(gt=0, le=1e9, description="largest global gradient norm")
    loss: Loss = Field(description="mean over tasks of |error|^2, halved or not")
    random_generator: RandomGenerator = Field(description="cipher and rounds behind every draw")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.warm_up_steps > self.steps:
            raise ValueError(
                f"warm_up_steps: {self.warm_up_steps} given for {self.steps} steps; allowed are 0 to {self.steps}"
            )
        return self


class EvaluationConfig(FrozenConfig):
    """What is measured while training, and on which held-out tasks."""

    tasks: int = Field(ge=2, le=10**7, description="held-out tasks per evaluation")
    seed: Seed = Field(description="seed of held-out tasks; the same for all training seeds, so that runs are paired")
    points: int = Field(ge=1, le=10_000, description="evaluations over training, denser early")
    snapshots: int = Field(ge=1, le=10_000, description="stored weights over training, denser early")
    unseen_inputs: UnseenInputs = Field(
        description="never-seen inputs divided by the context's Frobenius norm, or as drawn"
    )


class RunConfig(FrozenConfig):
    """Everything that decides a run's numbers."""

    convention: ConventionName
    task: TaskConfig
    model: ModelConfig
    training: TrainingConfig
    evaluation: EvaluationConfig
    seed: Seed

    @property
    def token_size(self) -> int:
        """Numbers in one token as attention sees it: those of its embedding, or all that are given."""
        return self.model.embedding_size or self.given_token_size

    @property
    def given_token_size(self) -> int:
        """Numbers in one token before any embedding: x, y and the positional encoding."""
        return self.task.input_size + self.task.output_size + self.model.positional_size

    @property
    def token_count(self) -> int:
        """Tokens of one episode, the query's included."""
        return token_count(self.model.tokens, self.task.context_length)

    @property
    def tasks_per_step(self) -> int:
        """Tasks in one gradient: the batch, or the whole set where it is fixed and not sampled (Appendix A.12)."""
        whole = self.task.dataset_size if self.training.dataset_batches == "whole" else None
        return whole or self.training.batch_size

    @property
    def noise_loss(self) -> float:
        """What label noise on the query's target adds to every loss: factor · τ² for each output, 0 without noise."""
        return LOSS_FACTORS[self.training.loss] * self.task.output_size * self.task.label_noise**2

    @property
    def identity(self) -> str:
        """SHA-256 (64 hexadecimal digits) of the canonical JSON: the run's id."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def family(self) -> str:
        """The identity without the seed: runs of one family differ in nothing else."""
        content = self._content()
        del content["seed"]
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no spaces, shortest floats that read back exactly."""
        return canonical_json(self._content())

    def _content(self) -> dict[str, Any]:
        """What the canonical JSON says."""
        content = self.model_dump(mode="json")
        return content | {group: as_first_released(group, content[group]) for group in ADDED_LATER}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`. Raises `ConfigError` naming the first key that is wrong."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise config_error(error) from error

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """A configuration from nested Python values. Raises `ConfigError` naming the first key that is wrong."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise config_error(error) from error

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        positions = self.token_count
        if self.model.positional_encoding == "unit" and self.model.positional_size < positions:
            raise ValueError(
                f"model.positional_size: {self.model.positional_size} given; "
                f"unit encodings need at least {positions}, one for each token"
            )
        if self.token_size <= self.task.output_size:
            raise ValueError(
                f"model.embedding_size: {self.token_size} given for {self.task.output_size} outputs; it must be more"
            )
        if self.training.dataset_batches == "random" and self.task.dataset_size is None:
            raise ValueError(
                "training.dataset_batches: 'random' given without a fixed training set; give task.dataset_size too, or "
                "leave it out"
            )
        if "gradient-descent" in self.model.attention:
            self._require_last_targets()
        largest = max(self.tasks_per_step, self.evaluation.tasks) * positions * self.token_size
        if largest > LARGEST_BATCH:
            raise ValueError(
                f"one batch would hold {largest:.1e} numbers; allowed are {LARGEST_BATCH:.1e}: "
                "lower the batch or data set size, the evaluation tasks, the context length or the input size"
            )
        return self

    def _require_last_targets(self) -> None:
        """Gradient-descent attention takes the last entries of a token for its targets, and has no key size to choose.

        Raises ValueError.
        """
        if self.model.positional_size and self.model.embedding_size is None:
            raise ValueError(
                f"model.positional_encoding: {self.model.positional_encoding!r} given; gradient-descent attention "
                "needs the targets last in a token: use 'none', or an embedding"
            )
        if self.model.key_size != self.token_size:
            raise ValueError(
                f"model.key_size: {self.model.key_size} given; gradient-descent attention has the token size, "
                f"{self.token_size}"
            )


def as_first_released(group: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a group without those of `ADDED_LATER` that say what was done before."""
    added = ADDED_LATER[group]
    return {name: value for name, value in values.items() if name not in added or value != added[name]}


def token_count(tokens: str, context_length: int) -> int:
    """N + 1 merged tokens or 2N + 1 interleaved ones, the query's included."""
    return (2 if tokens == "interleaved" else 1) * context_length + 1


def canonical_json(content: Any) -> str:
    """JSON that is the same for the same content: sorted keys, no spaces, no NaN."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def config_error(error: ValidationError, paths: Mapping[str, str] | None = None) -> ConfigError:
    """The first problem that pydantic found, as one line; `paths` says what its keys are called, if not as they are."""
    first = error.errors(include_url=False, include_input=True)[0]
    key, *rest = (str(part) for part in first["loc"] or ("",))
    where = ".".join([(paths or {}).get(key, key), *rest])
    if first["type"] == "extra_forbidden":
        return ConfigError(f"Unknown configuration key {where!r}. Remove it or check its spelling.")
    if first["type"] == "value_error":
        return ConfigError(f"{first['msg'].removeprefix('Value error, ')}.")
    return ConfigError(f"{explained(where, first)}.")
