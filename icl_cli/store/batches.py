"""Many ids, a part at a time: databases limit how many values one statement names."""

from collections.abc import Collection, Iterator, Sequence

MOST_AT_ONCE = 1000


def batches(ids: Collection[str]) -> Iterator[Sequence[str]]:
    """The ids in their order, up to `MOST_AT_ONCE` at a time."""
    known = list(ids)
    return (known[start : start + MOST_AT_ONCE] for start in range(0, len(known), MOST_AT_ONCE))
