"""Judgements on claims as text: the measured value with its interval, the bound, the verdict."""

import math
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from icl_cli.report.formatting import count, number
from icl_cli.report.json_records import ClaimRecord
from icl_cli.sweeps.claim import ClaimSpec
from icl_cli.sweeps.judgement import Judgement, Verdict

STYLES = {Verdict.HOLDS: "green", Verdict.FAILS: "bold red", Verdict.OPEN: "yellow"}
# Signs beside colours, which some people and all files do without.
SIGNS = {Verdict.HOLDS: "✓", Verdict.FAILS: "✗", Verdict.OPEN: "?"}


def claims_table(title: str, judgements: Sequence[Judgement]) -> Table:
    """A line a claim: verdict, sentence, measured value and interval, bound."""
    table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("Claim", ratio=1)
    table.add_column("Measured", justify="right", no_wrap=True)
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_column("Bound", justify="right", no_wrap=True)
    for one in judgements:
        sign = Text(SIGNS[one.verdict], style=STYLES[one.verdict])
        table.add_row(sign, Text(one.claim.sentence), value_text(one), interval_text(one), bound_text(one.claim))
    table.caption, table.caption_justify = Text(tally(judgements) + "\n"), "left"
    return table


def tally(judgements: Sequence[Judgement]) -> str:
    """`✓ 5 hold, ✗ 1 fails, ? 2 lack data`."""
    numbers = {verdict: sum(one.verdict is verdict for one in judgements) for verdict in Verdict}
    words = {Verdict.HOLDS: ("holds", "hold"), Verdict.FAILS: ("fails", "fail"), Verdict.OPEN: ("lacks", "lack")}
    parts = [
        f"{SIGNS[verdict]} {counted} {words[verdict][counted != 1]}{' data' if verdict is Verdict.OPEN else ''}"
        for verdict, counted in numbers.items()
        if counted
    ]
    return ", ".join(parts) or "no claims"


def value_text(judgement: Judgement) -> str:
    """The mean over seeds."""
    return "–" if math.isnan(judgement.value) else number(judgement.value)


def interval_text(judgement: Judgement) -> str:
    """The interval's ends, or what is missing for one."""
    if judgement.seeds == 0:
        return "not measured"
    if not math.isfinite(judgement.low):
        return count(judgement.seeds, "seed")
    return f"{number(judgement.low)} … {number(judgement.high)}"


def bound_text(claim: ClaimSpec) -> str:
    """`< 0.2`, `= 0.2062`, `0.9 … 1.1`."""
    if claim.upper is not None:
        return f"{number(claim.bound)} … {number(claim.upper)}"
    return f"{claim.operator} {number(claim.bound, 5)}"


def judgement_record(figure: str, judgement: Judgement, quick: bool) -> ClaimRecord:
    """A judgement as JSON content; numbers that were not measured are null."""
    claim = judgement.claim
    return {
        "figure": figure,
        "sentence": claim.sentence,
        "verdict": judgement.verdict.value,
        "quick": quick,
        "value": judgement.value,
        "low": judgement.low,
        "high": judgement.high,
        "seeds": judgement.seeds,
        "operator": claim.operator,
        "bound": claim.bound,
        "upper": claim.upper,
        "source": claim.source,
        "measured": claim.model_dump(mode="json", exclude={"sentence", "operator", "bound", "upper", "source"}),
    }
