"""How large a bundle may be: the same for whoever makes one and for whoever reads it."""

MOST_FILES = 100_000
MOST_BYTES = 16 * 2**30
# Our own files shrink to a tenth; what swells more than this, and to more than `HARMLESS_BYTES`, is a bomb.
MOST_SWELLING = 100
HARMLESS_BYTES = 64 * 2**20


def excess(files: int, size: int, packed: int | None = None) -> str | None:
    """What is too much about an archive of so many `files` with `size` bytes in all, `packed` into so many bytes.

    None if nothing is; without `packed`, which is known last, how far it swells is not asked.
    """
    allowed = MOST_BYTES if packed is None else min(MOST_BYTES, max(HARMLESS_BYTES, MOST_SWELLING * packed))
    if files <= MOST_FILES and size <= allowed:
        return None
    return f"{files} files with {size} bytes would come out of it; allowed are {MOST_FILES} files with {allowed} bytes"
