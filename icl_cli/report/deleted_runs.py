"""Runs that a sweep planned and that are in the database no more: `icl runs delete` and `icl db prune` take them."""

import json
import math
from collections.abc import Mapping
from functools import cache
from typing import Any

from icl_cli.errors import ConfigError
from icl_cli.store import StoredSweep


def count_deleted(stored: StoredSweep) -> int:
    """How many runs of a sweep were deleted since it was planned."""
    content = stored.content.get("sweep")
    # Counted without the sweep's package, which imports JAX, where that is enough.
    if not isinstance(content, Mapping) or (not stored.content.get("quick") and stored.total == _most(content)):
        return 0
    return max(0, _planned(json.dumps(content), bool(stored.content.get("quick"))) - stored.total)


def _most(content: Mapping[str, Any]) -> int | None:
    """How many runs there are if nothing is left out and no two points mean the same; None for damaged content."""
    try:
        return sum(_most_points(runs) * _seeds(runs.get("seeds") or content["seeds"]) for runs in content["runs"])
    except (AttributeError, KeyError, TypeError):
        return None


def _most_points(runs: Mapping[str, Any]) -> int:
    combinations = math.prod(len(values) for values in runs["grid"].values())
    return len(runs["include"]) + (combinations if runs["grid"] or not runs["include"] else 0)


def _seeds(seeds: Any) -> int:
    return seeds if isinstance(seeds, int) else len(seeds)


@cache
def _planned(content: str, quick: bool) -> int:
    """How many runs that sweep means, by its JSON: once, though somebody watches it for hours."""
    from pydantic import ValidationError

    from icl_cli.sweeps.expansion import expand
    from icl_cli.sweeps.sweep_file import Sweep

    try:
        sweep = Sweep.model_validate_json(content)
        points = [point for runs in sweep.runs for point in expand(sweep, runs, quick)]
    except (ValidationError, ConfigError):
        # Stored by another release, whose plan this one cannot make again.
        return 0
    return len({config.identity for point in points for config in point.configs})
