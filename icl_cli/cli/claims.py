"""`icl claims`: what the database says of the paper's claims, or of those in other sweep files."""

import shlex
from collections.abc import Sequence
from typing import Any

from icl_cli.cli.console import print_json, print_table, say, warn
from icl_cli.cli.exit_codes import DONE, NOTHING_MATCHED, SOME_FAILED
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    DatabaseOption,
    FiguresArgument,
    JsonOption,
    QuickOption,
    database_flag,
)


def claims(
    figures: FiguresArgument = None,
    quick: QuickOption = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> int:
    """Judge claims by the runs in the database: holds (✓), fails (✗) or not enough data (?).

    Without FIGURE all are judged: first those of the sweeps that were started in the database, the newest at the front,
    then the paper's. A claim is a few lines of a sweep file: write your own.
    Intervals are of 95%, over seeds and held-out tasks. The exit code is 3 if a claim fails, 4 if none can be judged.

    Examples:

    icl claims fig3a

    icl claims --json

    icl claims my-sweep.toml
    """
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.report.claim_rows import JudgedSweep, judged_stored_sweeps
    from icl_cli.report.claim_text import judgement_record
    from icl_cli.report.sweep_files import sweeps_called
    from icl_cli.store import Database
    from icl_cli.sweeps.judgement import Verdict
    from icl_cli.sweeps.sweep_data import judge_sweep

    keep_compiled_programs()
    sweeps = sweeps_called(figures or (), quick)
    known: dict[str, Any] = {}
    with Database.open(db, mode="read") as database:
        own = [] if figures else [one for one in judged_stored_sweeps(database, known) if one.judgements or one.unread]
        there = [(one.sweep, one.quick) for one in own]
        judged = own + [
            JudgedSweep(sweep.name, sweep.title, quick, judge_sweep(database, sweep, quick, known))
            for sweep in sweeps.values()
            if (sweep, quick) not in there
        ]
    every = [judgement for one in judged for judgement in one.judgements]
    if json:
        print_json("claims", [judgement_record(one.name, each, one.quick) for one in judged for each in one.judgements])
    else:
        _print(judged, every)
    for one in judged:
        if one.unread:
            warn(f"Not judged: the sweep {one.name}. {one.unread}")
    say(f"Next: icl {'report' if own else _next(figures or [], every, quick)}{database_flag(db)}")
    if all(each.verdict is Verdict.OPEN for each in every):
        return NOTHING_MATCHED
    return SOME_FAILED if any(each.verdict is Verdict.FAILS for each in every) else DONE


def _print(judged: Sequence[Any], every: Sequence[Any]) -> None:
    from icl_cli.report.claim_text import claims_table, signed_tally

    for one in judged:
        if one.judgements or not one.unread:
            print_table(claims_table(title(one, one.quick), one.judgements))
    say(f"In all: {signed_tally(every)}.")


def title(sweep: Any, quick: bool) -> str:
    """A figure's name and title, and whether its runs are quick ones."""
    return f"{sweep.name}{' (quick)' if quick else ''}: {sweep.title}"


def page_command(figures: Sequence[str], quick: bool) -> str:
    """What draws the page of these figures: those of the paper are all on one, sweeps of one's own must be named."""
    own = f" {shlex.join(figures)}" if any(name.endswith(".toml") for name in figures) else ""
    return f"report --paper{own}{' --quick' if quick else ''}"


def _next(figures: list[str], judgements: list[Any], quick: bool) -> str:
    if any(name.endswith(".toml") for name in figures) or all(each.seeds for each in judgements):
        return page_command(figures, quick)
    return f"reproduce --list{' --quick' if quick else ''}"
