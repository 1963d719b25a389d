"""How many curves a panel can show, and which are left out where there are more."""

from collections.abc import Sequence

import pandas

from icl_cli.report.formatting import count, enumeration
from icl_cli.report.learners import INTERPOLATED, MODEL, in_order, learner_style, parts
from icl_cli.report.panels.panel import Panel

MOST_CURVES = 12


def told_apart(panel: Panel, numbers: pandas.DataFrame) -> tuple[pandas.DataFrame, list[str]]:
    """The numbers of as many curves as can be told apart, and the names of what was left out.

    First go interpolated weights, then baselines, the last of a legend before the others; in the end the last runs.
    """
    learners = in_order(panel.legend(numbers))
    names: list[str] = []
    for kind in _in_order_of_leaving(learners):
        if len(learners) > MOST_CURVES:
            learners = [one for one in learners if parts(one).kind != kind]
            names.append(learner_style(kind).label)
    names += _last(learners[MOST_CURVES:])
    gone = [one for one in panel.legend(numbers) if one not in learners[:MOST_CURVES]]
    return numbers.loc[~numbers["learner"].isin(gone)].reset_index(drop=True) if gone else numbers, names


def left_out_sentence(names: list[str], place: str = "") -> list[str]:
    """What a caption says of it, nothing if all is there; `place` says of which panel, such as ` of (b)`."""
    reason = f"as more than {MOST_CURVES} curves cannot be told apart"
    return [f"Left out{place}, {reason}: {enumeration(names)}."] if names else []


def _in_order_of_leaving(learners: Sequence[str]) -> list[str]:
    """Every kind of learner but the first, which is the models wherever they are shown."""
    kinds = list(dict.fromkeys(parts(one).kind for one in learners))
    return sorted(
        (kind for kind in reversed(kinds[1:]) if kind != MODEL), key=lambda kind: not kind.startswith(INTERPOLATED)
    )


def _last(learners: Sequence[str]) -> list[str]:
    labels = [learner_style(one).label for one in learners]
    return labels if len(labels) <= 3 else [count(len(labels), "more curve")]
