"""What `icl` asks of JAX's compiler beyond writing down the mathematics."""

import contextlib
import logging
import os
import platform
import stat
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

    What is in the folder is executed, so that it is used only if nobody else can change it: by default it is one of
    this user's and this machine's own. If `JAX_COMPILATION_CACHE_DIR` is set it is used instead, or nothing if it is
    empty; and nothing for a user without a home.
    """
    folder = compiled_programs_folder()
    if folder is None and FOLDER_VARIABLE not in os.environ:
        logger.warning(
            "HOME is not set, and this user has none: every command compiles anew. Set HOME or %s to a folder.",
            FOLDER_VARIABLE,
        )
    if folder is None:
        return None
    # The place itself: a link on the way to it could lead elsewhere by the time it is used.
    folder = Path(os.path.realpath(folder))
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(folder):
        if FOLDER_VARIABLE in os.environ:
            shared = shared_part(folder)
            why = f"{folder} cannot be written" if shared is None else f"others may change {shared}, and it is executed"
            logger.warning("%s is not used: %s. `icl doctor` says how to mend that.", FOLDER_VARIABLE, why)
        jax.config.update("jax_compilation_cache_dir", None)
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    if FOLDER_VARIABLE not in os.environ:
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
    """Whether `folder` is there, this user may write into it, and nobody else can change what is in it."""
    return folder.is_dir() and os.access(folder, os.W_OK) and shared_part(folder) is None


def shared_part(folder: Path) -> Path | None:
    """The first of `folder` and the folders above it that others may change, and so put another in its place.

    None if there is none. Where everybody may write and the sticky bit is set, as in /tmp, each can change only what is
    theirs. Folders that are not there yet are passed over, and so is the owner of the root, which is the system.
    """
    if not hasattr(os, "getuid"):
        return None
    place = Path(os.path.realpath(folder))
    below = None
    for part in (place, *place.parents):
        try:
            status = part.stat()
        except FileNotFoundError:
            continue
        except OSError:
            return part
        if part != Path(place.anchor) and status.st_uid not in (0, os.getuid()):
            return part
        is_guarded = below is not None and status.st_mode & stat.S_ISVTX
        if _others_write(status) and not is_guarded:
            return part
        below = part
    return None


def _others_write(status: os.stat_result) -> bool:
    """Whether somebody else may write there; the group that has this user's name and no other member is no other."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_own_group(status.st_gid)


def _is_own_group(group_id: int) -> bool:
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(group_id)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and not set(group.gr_mem) - {user.pw_name}
