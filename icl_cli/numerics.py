"""The settings of JAX on which a run's numbers depend: the program fixes them, whatever the environment says.

A run is its configuration. `JAX_ENABLE_X64=1` in a shell, or `jax.config.update("jax_enable_x64", True)` in a notebook,
would otherwise give other weights under the same id. The settings hold inside `fixed_numerics` and for this thread
alone; a program that uses `icl` as a library keeps its own.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import jax

from icl_cli.errors import UsageError

# Settings without a context manager of their own, with the only value under which numbers are those of the id.
REQUIRED = {
    "jax_random_seed_offset": 0,
    "jax_use_direct_linearize": True,
    "jax_scan3": False,
    "jax_remat3": False,
    "jax_custom_vjp3": False,
}
COMPILER_FLAGS = "XLA_FLAGS"


@contextmanager
def fixed_numerics() -> Iterator[None]:
    """Compute in float32 with partitionable Threefry keys, full-precision products and JAX's usual promotion.

    Use it in a `with` statement, or as a decorator: `@fixed_numerics()`. Code inside may still ask for float64 by
    `jax.enable_x64(True)`, as the tuning of baselines does. Products of matrices have the precision "highest": without
    it, accelerators round float32 operands to TF32 or bfloat16. Checks for NaN are off, because a run that diverges is
    a result. Raises `UsageError` for a setting of `REQUIRED` that has another value, naming the variable to unset.
    """
    for setting, value in REQUIRED.items():
        # An experimental setting that a version of JAX lacks cannot be wrong.
        given = getattr(jax.config, setting, value)
        if given != value:
            raise UsageError(
                f"{setting.upper()}: {given} given; a run's numbers need {value}. Unset {setting.upper()}, or call "
                f"jax.config.update({setting!r}, {value})."
            )
    with ExitStack() as settings:
        for setting in (
            jax.enable_x64(False),
            jax.threefry_partitionable(True),
            jax.default_prng_impl("threefry2x32"),
            jax.legacy_prng_key("allow"),
            jax.numpy_dtype_promotion("standard"),
            jax.numpy_rank_promotion("allow"),
            jax.default_matmul_precision("highest"),
            jax.softmax_custom_jvp(False),
            jax.debug_nans(False),
            jax.debug_infs(False),
            jax.debug_key_reuse(False),
            jax.disable_jit(False),
        ):
            settings.enter_context(setting)
        yield


def compiler_flags() -> str:
    """Flags given to the compiler by the environment, which may change roundings; empty where there are none."""
    return os.environ.get(COMPILER_FLAGS, "").strip()
