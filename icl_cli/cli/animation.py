"""Whether stderr can show what moves, and what progress displays draw on it."""

import math
from collections.abc import Sequence

from rich.console import Console

from icl_cli.cli.console import WIDTH, is_animated

BLOCKS = "▁▂▃▄▅▆▇█"


def moving_console() -> Console | None:
    """The console of stderr, at most 80 columns wide, or None where nothing can move or be said."""
    if not is_animated():
        return None
    console = Console(stderr=True)
    console.width = min(console.width, WIDTH)
    return console


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
