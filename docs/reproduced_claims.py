"""The verdicts on the paper's claims, as the documents state them: judged from the runs of `results.db.example`."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

from icl_cli.report.claim_rows import claim_row
from icl_cli.store import Database
from icl_cli.sweeps.catalogue import paper_sweeps
from icl_cli.sweeps.judgement import Judgement, Verdict
from icl_cli.sweeps.sweep_data import judge_sweep
from icl_cli.sweeps.sweep_file import Sweep

EXAMPLE = Path(__file__).parent.parent / "results.db.example"
Table = Callable[[tuple[str, ...], list[tuple[str, ...]]], str]


@cache
def judged() -> list[tuple[Sweep, list[Judgement]]]:
    """Every figure of the paper with the judgements on its claims."""
    with Database.open(EXAMPLE, mode="read") as database:
        known: dict = {}
        return [(sweep, list(judge_sweep(database, sweep, False, known))) for sweep in paper_sweeps()]


def verdicts(table: Table) -> str:
    """How many claims of every figure hold, fail and lack data."""
    counts = [(sweep, Counter(each.verdict for each in claims)) for sweep, claims in judged()]
    rows = [(sweep.name, sweep.title, *(f"{count[verdict]}" for verdict in Verdict)) for sweep, count in counts]
    total = sum((count for _, count in counts), Counter())
    return table(
        ("figure", "shows", "holds", "fails", "not enough data"),
        [*rows, ("all", "", *(f"{total[verdict]}" for verdict in Verdict))],
    )


def claims(table: Table) -> str:
    """Every claim with what was measured, its interval, its bound and how many seeds there are."""
    parts = []
    for sweep, judgements in judged():
        rows = [_row(each) for each in judgements]
        parts += [
            f"### {sweep.name}: {sweep.title}",
            f"{sweep.source}. {sweep.note}".strip(),
            table(("", "claim", "measured", "interval", "bound", "seeds"), rows),
        ]
    return "\n\n".join(parts)


def _row(judgement: Judgement) -> tuple[str, ...]:
    row = claim_row(judgement)
    return row.sign, row.sentence, row.measured or "–", row.interval or "–", row.bound, f"{judgement.seeds}"
