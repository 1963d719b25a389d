"""Where compiled programs are kept, so that the next process need not compile them."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from icl_cli.doctor.devices import OFF
from icl_cli.doctor.finding import Finding, note, ok
from icl_cli.doctor.place import Place
from icl_cli.doctor.sizes import readable_size

FOLDER_VARIABLE = "JAX_COMPILATION_CACHE_DIR"
SWITCH = "JAX_ENABLE_COMPILATION_CACHE"


def check_compilation_cache(place: Place) -> Iterator[Finding]:  # noqa: ARG001
    """Whether programs are kept, where, how much room they take, and who could put others there."""
    # Here, because where JAX cannot be imported the other checks still have something to say.
    from icl_cli.compilation import compiled_programs_folder

    folder = compiled_programs_folder()
    if os.environ.get(SWITCH, "1").lower() in OFF:
        yield note(f"{SWITCH} switches it off: every command compiles anew", f"unset {SWITCH}")
    elif folder is None and FOLDER_VARIABLE not in os.environ:
        yield note(
            "HOME is not set and this user has none: every command compiles anew",
            f"export {FOLDER_VARIABLE}=FOLDER-OF-YOURS",
        )
    elif folder is None:
        yield note(f"an empty {FOLDER_VARIABLE} switches it off: all is compiled anew", f"unset {FOLDER_VARIABLE}")
    elif not folder.exists():
        yield from _missing(folder)
    else:
        yield _existing(folder)


def _missing(folder: Path) -> Iterator[Finding]:
    parent = next(each for each in folder.parents if each.exists())
    if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
        yield ok(f"{folder} will be made")
    else:
        yield note(
            f"{folder} cannot be made in {parent}: every command compiles anew",
            f"export {FOLDER_VARIABLE}=FOLDER-OF-YOURS",
        )


def _existing(folder: Path) -> Finding:
    from icl_cli.compilation import shared_part

    quoted = shlex.quote(str(folder))
    if not folder.is_dir():
        return note(f"{folder} is no folder: every command compiles anew", f"rm -- {quoted}")
    if (shared := shared_part(folder)) is not None:
        return _shared(folder, shared)
    if not os.access(folder, os.W_OK | os.X_OK):
        return note(f"{folder} cannot be written: every command compiles anew", f"chmod u+rwx -- {quoted}")
    return ok(f"{folder} holds {readable_size(_size(folder))}")


def _shared(folder: Path, shared: Path) -> Finding:
    """What is in it is executed: a folder that others may change, or put another in the place of, is not used."""
    # Who owns a folder may take rights to it away; from another owner only another place helps.
    is_ours = shared.stat().st_uid == os.getuid()
    mend = f"chmod go-w -- {shlex.quote(str(shared))}" if is_ours else f"export {FOLDER_VARIABLE}=FOLDER-OF-YOURS"
    above = "" if shared == Path(os.path.realpath(folder)) else f", in which {folder} lies"
    return note(f"Others may change {shared}{above}, so that it is not used: every command compiles anew", mend)


def _size(folder: Path) -> int:
    """Bytes of all files; those that others remove meanwhile count nothing."""
    total = 0
    for path in folder.iterdir():
        try:
            total += path.stat().st_size
        except OSError:
            continue
    return total
