"""Whether stderr can show what moves, and what progress displays draw on it."""

import math
from collections.abc import Sequence

from icl_cli.cli.console import is_animated
from icl_cli.cli.plain_console import PlainConsole

BLOCKS = "▁▂▃▄▅▆▇█"


def moving_console() -> PlainConsole | None:
    """The console of stderr, at most 80 columns wide, or None where nothing can move or be said."""
    return PlainConsole(stderr=True) if is_animated() else None


def sparkline(values: Sequence[float], width: int) -> str:
    """`values` as at most `width` blocks, the last ones of as many equal groups; on a scale of logarithms.

    Values that are not positive and finite are left out.
    """
    drawable = [math.log(value) for value in values if value > 0 and math.isfinite(value)]
    if not drawable:
        return ""
    groups = min(width, len(drawable))
    shown = [drawable[(index + 1) * len(drawable) // groups - 1] for index in range(groups)]
    low, span = min(shown), max(shown) - min(shown)
    return "".join(BLOCKS[round((value - low) / span * (len(BLOCKS) - 1)) if span else 0] for value in shown)
