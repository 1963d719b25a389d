"""What `icl` asks of JAX's compiler beyond writing down the mathematics."""

import contextlib
import logging
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree
from platformdirs import user_cache_path

Result = TypeVar("Result", bound=PyTree[Array])

logger = logging.getLogger(__name__)

# Programs that compile faster than this are not worth a file; the oldest go where all take more room than this.
SECONDS_WORTH_KEEPING = 0.2
CACHE_BYTES = 2**30
FOLDER_VARIABLE = "JAX_COMPILATION_CACHE_DIR"


def materialised(function: Callable[..., Result], *operands: PyTree[Float[Array, "..."]]) -> Result:
    """`function(*operands)`, with the operands and the result computed once and put into memory.

    XLA would otherwise fuse what makes them into every consumer and compute it anew for each. The condition holds
    unless the first number is NaN, and then NaN is the answer; XLA cannot know, so it keeps the branch apart. (On a
    CPU it removes `jax.lax.optimization_barrier` before it fuses.)
    """
    first = jax.tree.leaves(operands)[0].ravel()[0]
    shapes = jax.eval_shape(function, *operands)

    def not_a_number(*_: object) -> Result:
        return jax.tree.map(lambda leaf: jnp.full(leaf.shape, jnp.nan, leaf.dtype), shapes)

    return jax.lax.cond(first == first, function, not_a_number, *operands)


def keep_compiled_programs() -> Path | None:
    """Keep compiled programs on disk, so that the next process need not compile them; the folder, or None.

    The folder is this user's and this machine's own: what is in it is executed. If `JAX_COMPILATION_CACHE_DIR` is set
    it is used instead, or nothing if it is empty; and nothing where others could write into the folder, or for a user
    without a home.
    """
    folder = compiled_programs_folder()
    if folder is None and FOLDER_VARIABLE not in os.environ:
        logger.warning(
            "HOME is not set, and this user has none: every command compiles anew. Set HOME or %s to a folder.",
            FOLDER_VARIABLE,
        )
    if folder is None or FOLDER_VARIABLE in os.environ:
        return folder
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(folder):
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", SECONDS_WORTH_KEEPING)
    jax.config.update("jax_compilation_cache_max_size", CACHE_BYTES)
    logger.info("Compiled programs are kept in %s.", folder)
    return folder


def compiled_programs_folder() -> Path | None:
    """Where compiled programs are to be kept, None where that is switched off or nowhere; it need not exist."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given is not None:
        return Path(given) if given else None
    try:
        cache = user_cache_path("icl")
    # A user without HOME and without an entry in the password file, as in a container.
    except RuntimeError:
        return None
    return cache / "compiled" / (platform.node() or "this-machine") if cache.is_absolute() else None


def is_private(folder: Path) -> bool:
    """Whether `folder` is there, this user may write into it, and nobody else may."""
    try:
        status = folder.stat()
    except OSError:
        return False
    ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return ours and not status.st_mode & 0o022 and os.access(folder, os.W_OK)
