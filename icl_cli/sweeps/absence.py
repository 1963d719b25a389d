"""Why there is no number for a claim: none of its runs has finished, or nothing of such a name was measured of them."""

import math
from collections.abc import Collection, Mapping

import numpy as np

from icl_cli.sweeps.claim import Measured
from icl_cli.sweeps.measures import MEASURES, RunNumbers, measured
from icl_cli.sweeps.values import near


def absence(numbers: Mapping[int, RunNumbers], choice: Measured) -> str:
    """What keeps the runs, by seed, from the number that `choice` names; empty if one of them has it."""
    if not numbers:
        return f"no run of {choice.run} has finished"
    found = [measured(one, choice) for one in numbers.values()]
    if any(one is not None and not math.isnan(one.value) for one in found):
        return ""
    # What one seed lacks the others lack too: they are measured by the same commands.
    first = next(iter(numbers.values()))
    needs = MEASURES[choice.measure].needs
    missing = _curve(first, choice) if "kind" in needs else _baseline(first, choice) if "baseline" in needs else ""
    return missing or f"the value of {choice.run} is not a number"


def _baseline(numbers: RunNumbers, choice: Measured) -> str:
    known = set(numbers.comparisons["baseline"])
    if choice.baseline in known:
        return f"the final weights of {choice.run} are not compared with {choice.baseline}"
    return _unknown(f"{choice.run} is not compared with {choice.baseline!r}", choice.baseline, known)


def _curve(numbers: RunNumbers, choice: Measured) -> str:
    curves = numbers.curves
    if choice.kind not in set(curves["kind"]):
        return _unknown(f"{choice.run} has no curve {choice.kind!r}", choice.kind, set(curves["kind"]))
    curve, curves = f"curve {choice.kind!r} of {choice.run}", curves.loc[curves["kind"] == choice.kind]
    for learner in ("model", choice.baseline) if "baseline" in MEASURES[choice.measure].needs else (choice.learner,):
        points = curves.loc[curves["learner"] == learner]
        if points.empty:
            return _unknown(f"{curve} has no {learner!r}", learner, set(curves["learner"]))
        if "x" in MEASURES[choice.measure].may and not np.isclose(points["x"], choice.x or 0.0).any():
            there_are = f"there are {len(points)} from {points['x'].min():g} to {points['x'].max():g}"
            return f"{curve} has no x = {choice.x or 0.0:g}; {there_are}"
    return ""


def _unknown(problem: str, given: str | None, known: Collection[str]) -> str:
    """The problem with the known name that may have been meant, or all of them."""
    names = sorted(known)
    there_are = f"; there {'is' if len(names) == 1 else 'are'} {', '.join(names)}" if names else ""
    return f"{problem}{near(given or '', names) or there_are}"
