"""What files of runs are called: their names as far as every file system and address takes them, and what is unique."""

import re
from collections.abc import Sequence
from hashlib import sha256

from icl_cli.report.data import Family
from icl_cli.report.formatting import count

LONGEST = 40
# More names than this would make one that no folder listing shows.
MOST_NAMED = 3
DIGITS = 8


def name_slug(name: str) -> str:
    """The letters a–z, digits and + of a name, with hyphens for all else: at most `LONGEST` of them, perhaps none."""
    return re.sub(r"[^a-z0-9+]+", "-", name.lower())[:LONGEST].strip("-")


def family_stem(family: Family) -> str:
    """`looped-1a2b3c4d`: its name, and the beginning of its id."""
    return _joined(name_slug(family.names[0]), family.short_id)


def runs_stem(families: Sequence[Family], seeds: int) -> str:
    """`looped-2-seeds-1a2b3c4d`, `looped-and-deep-1a2b3c4d`: names, and an id of the chosen runs, of one its own.

    How many `seeds` there are is said of one configuration with several runs.
    """
    ids = sorted(run.id for family in families for run in family.finished)
    slugs = dict.fromkeys(name_slug(family.names[0]) for family in families)
    named = "-and-".join(filter(None, slugs)) if len(families) <= MOST_NAMED else f"{len(families)}-configurations"
    counted = count(seeds, "seed").replace(" ", "-") if len(families) == 1 < len(ids) else ""
    return _joined(named, counted, (ids[0] if len(ids) == 1 else sha256(" ".join(ids).encode()).hexdigest())[:DIGITS])


def _joined(*words: str) -> str:
    return "-".join(filter(None, words))
