"""Claims as the pages state them: the paper's, and those of the sweeps that a database holds."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from icl_cli.errors import IclError
from icl_cli.report.claim_text import SIGNS, bound_text, interval_text, remark_text, seeds_text, tally, value_text
from icl_cli.report.formatting import count, enumeration
from icl_cli.store import Database, list_sweeps
from icl_cli.sweeps.catalogue import paper_sweeps
from icl_cli.sweeps.judgement import Judgement, Verdict
from icl_cli.sweeps.measures import RunNumbers
from icl_cli.sweeps.sweep_data import judge_sweep
from icl_cli.sweeps.sweep_file import Sweep


@dataclass(frozen=True)
class ClaimRow:
    """One claim as the page states it, its numbers as text.

    `measured`, of so many `seeds`, is empty if nothing is measured; `absent` says why, as the end of a sentence.
    `remark` says what else is to be known of the number, mostly nothing.
    `interval` is also empty where there is none, as of one seed. `order` is what `measured`, `interval` and `bound`
    sort by, each empty if unknown.
    """

    sentence: str
    verdict: Verdict
    measured: str
    seeds: str
    interval: str
    absent: str
    remark: str
    bound: str
    source: str
    order: tuple[str, str, str]

    @property
    def sign(self) -> str:
        """What stands before the verdict."""
        return SIGNS[self.verdict]


@dataclass(frozen=True)
class SweepClaims:
    """The claims of one sweep; `unread` says why they cannot be judged, empty if they are."""

    name: str
    title: str
    quick: bool
    claims: Sequence[ClaimRow]
    unread: str = ""


def claim_row(judgement: Judgement) -> ClaimRow:
    """A judgement as text."""
    return ClaimRow(
        sentence=judgement.claim.sentence,
        verdict=judgement.verdict,
        measured=value_text(judgement),
        seeds=seeds_text(judgement),
        interval=interval_text(judgement),
        absent=_sentence(judgement.absent),
        remark=_sentence(remark_text(judgement)),
        bound=bound_text(judgement.claim),
        source=judgement.claim.source,
        order=(_order(judgement.value), _order(judgement.low), _order(judgement.claim.bound)),
    )


def _sentence(words: str) -> str:
    """Ended as one; empty words stay empty."""
    return words if words.endswith("?") or not words else f"{words}."


def _order(value: float) -> str:
    return f"{value:.9g}" if math.isfinite(value) else ""


@dataclass(frozen=True)
class JudgedSweep:
    """The judgements on the claims of one sweep; `unread` says why there are none, empty if they were judged."""

    name: str
    title: str
    quick: bool
    judgements: Sequence[Judgement]
    unread: str = ""
    sweep: Sweep | None = None

    def as_rows(self) -> SweepClaims:
        """The same as text."""
        return SweepClaims(
            self.name, self.title, self.quick, tuple(claim_row(one) for one in self.judgements), self.unread
        )


def judged_stored_sweeps(database: Database, known: dict[str, RunNumbers]) -> list[JudgedSweep]:
    """Every sweep that was started in the database, the newest first; `known` keeps the numbers of runs, by id."""
    found: list[JudgedSweep] = []
    for stored in list_sweeps(database):
        quick = bool(stored.content.get("quick"))
        try:
            sweep = Sweep.model_validate_json(json.dumps(stored.content.get("sweep")))
            judgements = judge_sweep(database, sweep, quick, known) if sweep.claims else []
        except (ValidationError, IclError) as error:
            reason = str(error) if isinstance(error, IclError) else "It was stored by another release of icl."
            found.append(JudgedSweep(stored.name, stored.name, quick, (), reason))
        else:
            found.append(JudgedSweep(sweep.name, sweep.title, quick, judgements, "", sweep))
    return found


def stored_claims(database: Database) -> list[SweepClaims]:
    """Claims of every sweep that was started in the database, then those of the paper on which it has numbers."""
    known: dict[str, RunNumbers] = {}
    stored = judged_stored_sweeps(database, known)
    judged = [(one.sweep, one.quick) for one in stored]
    rest = [sweep for sweep in paper_sweeps() if (sweep, False) not in judged]
    papers = [(sweep, [one for one in judge_sweep(database, sweep, False, known) if one.seeds]) for sweep in rest]
    own = [one.as_rows() for one in stored if one.judgements or one.unread]
    return own + [
        SweepClaims(sweep.name, sweep.title, False, [claim_row(one) for one in claims])
        for sweep, claims in papers
        if claims
    ]


def claims_summary(claims: Sequence[ClaimRow]) -> str:
    """`Of 20 claims 15 hold, 3 fail and 2 lack data.`"""
    if not claims:
        return "No claims."
    counted = tally(claim.verdict for claim in claims)
    return f"Of {count(len(claims), 'claim')} {enumeration(list(counted.values()))}."
