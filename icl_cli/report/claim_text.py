"""Judgements on claims as text: the measured value with its interval, the bound, the verdict."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from icl_cli.report.formatting import count, number, printable
from icl_cli.report.json_records import ClaimRecord
from icl_cli.sweeps.claim import ClaimSpec
from icl_cli.sweeps.judgement import Judgement, Verdict

STYLES = {Verdict.HOLDS: "green", Verdict.FAILS: "bold red", Verdict.OPEN: "yellow"}
# Signs beside colours, which some people and all files do without.
SIGNS = {Verdict.HOLDS: "✓", Verdict.FAILS: "✗", Verdict.OPEN: "?"}
WORDS = {Verdict.HOLDS: ("holds", "hold"), Verdict.FAILS: ("fails", "fail"), Verdict.OPEN: ("lacks data", "lack data")}


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
        measured = value_text(one) or "–"
        spread = interval_text(one) or seeds_text(one) or "not measured"
        sentence = Text(one.claim.sentence)
        for remark in filter(None, (one.absent, remark_text(one))):
            sentence.append(f"\n{printable(remark)}", style="dim")
        table.add_row(sign, sentence, measured, spread, bound_text(one.claim))
    table.caption, table.caption_justify = Text(signed_tally(judgements) + "\n"), "left"
    return table


def tally(verdicts: Iterable[Verdict]) -> dict[Verdict, str]:
    """`5 hold`, `1 fails`, `2 lack data`: how many there are of each verdict that there is."""
    counts = Counter(verdicts)
    return {one: f"{counts[one]} {WORDS[one][counts[one] != 1]}" for one in Verdict if counts[one]}


def signed_tally(judgements: Sequence[Judgement]) -> str:
    """`✓ 5 hold, ✗ 1 fails, ? 2 lack data`: for a terminal, where it explains the signs."""
    counted = tally(one.verdict for one in judgements)
    return ", ".join(f"{SIGNS[verdict]} {words}" for verdict, words in counted.items()) or "no claims"


def value_text(judgement: Judgement) -> str:
    """The mean over seeds, empty if nothing is measured."""
    return "" if judgement.seeds == 0 else number(judgement.value)


def seeds_text(judgement: Judgement) -> str:
    """`1 seed`, empty if nothing is measured."""
    return count(judgement.seeds, "seed") if judgement.seeds else ""


def interval_text(judgement: Judgement) -> str:
    """The interval's ends, empty where there is none, as of one seed."""
    if not math.isfinite(judgement.low):
        return ""
    return f"{number(judgement.low)} … {number(judgement.high)}"


def remark_text(judgement: Judgement) -> str:
    """What the value is of where means say nothing, and what an open claim lacks; empty for most."""
    medians = "by medians over tasks, whose mean says nothing" if "medians" in judgement.statistic else ""
    return "; ".join(filter(None, (medians, judgement.advice)))


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
        "absent": judgement.absent,
        "statistic": judgement.statistic,
        "advice": judgement.advice,
        "operator": claim.operator,
        "bound": claim.bound,
        "upper": claim.upper,
        "source": claim.source,
        "measured": claim.model_dump(mode="json", exclude={"sentence", "operator", "bound", "upper", "source"}),
    }
