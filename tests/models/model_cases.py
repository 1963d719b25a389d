"""Configurations that between them use every option of the model, and models of them with weights that matter."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from configs import run_config

from icl_cli.config import RunConfig
from icl_cli.models import Transformer, transformer_skeleton

SIZES = {"task.input_size": 3, "task.output_size": 2, "task.context_length": 4}
SINUSOIDAL = {"model.positional_encoding": "sinusoidal", "model.positional_size": 5}
EMBEDDED = {"model.embedding_size": 6, "model.embedding_widening": 2}

INTERLEAVED = {"model.tokens": "interleaved", "model.layers": 2, **SINUSOIDAL}

LINEAR_CASES: dict[str, dict[str, Any]] = {
    **{f"linear-{depth}": {"model.layers": depth, "model.token_clip": None} for depth in (1, 2, 3, 5)},
    "heads": {"model.heads": 3, "model.layers": 2},
    "recurrent": {"model.layers": 3, "model.recurrent": True},
    "clip": {"model.layers": 3, "model.token_clip": 0.8},
    "clip-one-layer": {"model.token_clip": 0.3},
    "query-in-context": {"model.layers": 2, "model.query_in_context": True},
    "sinusoidal": {"model.layers": 2, **SINUSOIDAL},
    "unit": {"model.layers": 2, "model.positional_encoding": "unit"},
    "small-keys": {"model.layers": 2, "model.key_size": 2, "model.heads": 2},
    "one-pair": {"model.layers": 2, "task.context_length": 1},
    "long-context": {"model.layers": 2, "task.context_length": 40},
    "long-context-deep": {
        "model.layers": 4,
        "model.token_clip": None,
        "model.heads": 2,
        "task.context_length": 30,
        "model.query_in_context": True,
    },
    "interleaved-linear": INTERLEAVED,
    "interleaved-unit": {"model.tokens": "interleaved", "model.positional_encoding": "unit", "model.heads": 2},
    "interleaved-long-context": {**INTERLEAVED, "task.context_length": 20, "model.query_in_context": True},
    "long-context-clip": {"model.layers": 2, "task.context_length": 30, "model.token_clip": 0.8},
}
OTHER_CASES: dict[str, dict[str, Any]] = {
    "softmax": {"model.attention": ("softmax",), "model.layers": 2},
    "softmax-unscaled": {"model.attention": ("softmax",), "model.softmax_scaled": False, "model.heads": 2},
    "softmax-then-linear": {"model.attention": ("softmax", "linear"), "model.layers": 2, **SINUSOIDAL},
    "interleaved-softmax-then-linear": {"model.attention": ("softmax", "linear"), **INTERLEAVED},
    "interleaved-without-positions": {
        "model.attention": ("softmax",),
        "model.tokens": "interleaved",
        "model.positional_encoding": "none",
        "model.query_in_context": True,
        "model.mlp_widening": 2,
    },
    "norm-before": {"model.layer_norm": "before", "model.layers": 2},
    "norm-between": {"model.layer_norm": "between", "model.layers": 2},
    "norm-between-recurrent": {"model.layer_norm": "between", "model.layers": 3, "model.recurrent": True},
    "mlp": {"model.mlp_widening": 3, "model.layers": 2},
    "embedded": EMBEDDED,
    "embedded-two-layers": {**EMBEDDED, "model.layers": 2, "model.query_in_context": True},
    "embedded-positions": {**EMBEDDED, **SINUSOIDAL, "model.attention": ("softmax",)},
    "embedded-sine": {"task.kind": "sine", "task.input_size": 1, "task.output_size": 1, "task.context_length": 6},
    "descent": {"model.attention": ("gradient-descent",)},
    "descent-embedded": {**EMBEDDED, "model.attention": ("gradient-descent",), "model.layers": 2},
    "descent-long-context": {
        **EMBEDDED,
        "model.attention": ("gradient-descent", "linear"),
        "model.layers": 2,
        "task.context_length": 30,
    },
    "everything": {
        "model.attention": ("softmax", "linear", "softmax"),
        "model.layers": 3,
        "model.heads": 2,
        "model.key_size": 4,
        "model.layer_norm": "before",
        "model.mlp_widening": 2,
        "model.query_in_context": True,
        "model.token_clip": 1.5,
        **SINUSOIDAL,
    },
}
CASES = LINEAR_CASES | OTHER_CASES
# Between them every option and every kind of it once (tested). Where each case takes seconds to compile, the others are
# left to the slow tests.
QUICK = (
    "linear-2",
    "heads",
    "clip",
    "recurrent",
    "query-in-context",
    "long-context-deep",
    "interleaved-unit",
    "softmax-unscaled",
    "interleaved-softmax-then-linear",
    "norm-between-recurrent",
    "embedded-positions",
    "embedded-sine",
    "descent-embedded",
    "everything",
)
COMPILED_CASES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES]


def case(name: str) -> RunConfig:
    return run_config(SIZES | CASES[name])


def random_model(config: RunConfig, seed: int = 0) -> Transformer:
    """Every array, biases and norms included, drawn anew: with the initial weights, layers change next to nothing."""
    random = np.random.default_rng(seed)
    arrays, rest = eqx.partition(transformer_skeleton(config), lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct))
    drawn = jax.tree.map(lambda leaf: jnp.asarray(random.normal(size=leaf.shape) * 0.4, leaf.dtype), arrays)
    return eqx.combine(drawn, rest)
