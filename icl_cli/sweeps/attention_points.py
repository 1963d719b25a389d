"""The attention maps of a stored run as points: for every layer and head a curve over the sources for every token."""

import numpy as np

from icl_cli.analysis import Estimate, mean_attention
from icl_cli.config import RunConfig
from icl_cli.store import CurvePoint
from icl_cli.sweeps.analysed_run import AnalysedRun

# A map has the square of so many entries, each a row of the database.
MOST_TOKENS = 50
ATTENTION_TASKS = 1000


def token_count(config: RunConfig) -> int:
    """The tokens of an episode, the query's included."""
    pairs = config.task.context_length
    return 1 + (2 * pairs if config.model.tokens == "interleaved" else pairs)


def attention_kind(layer: int, head: int) -> str:
    """The kind of the curves of one map; both counted from 1."""
    return f"attention-{layer}-{head}"


def attention_points(analysed: AnalysedRun) -> list[CurvePoint]:
    """Means over held-out tasks; tokens and sources are counted from 1, the query is the last token."""
    points = []
    for layer, sums in enumerate(mean_attention(analysed.model, analysed.first_episodes(ATTENTION_TASKS)), 1):
        means, errors = np.asarray(sums.mean), np.asarray(sums.error)
        for head, token in np.ndindex(*means.shape[:2]):
            row = [Estimate(*map(float, pair)) for pair in zip(means[head, token], errors[head, token], strict=True)]
            sources = range(1, len(row) + 1)
            points += analysed.curve(attention_kind(layer, head + 1), f"token {token + 1}", sources, row)
    return points
