"""`icl claims`: what the database says of the paper's claims, or of those in other sweep files."""

import shlex
from typing import Any

from icl_cli.cli.console import print_json, print_table, say
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

    Without FIGURE all claims of the paper are judged. A claim is a few lines of a sweep file: write your own.
    Intervals are of 95%, over seeds and held-out tasks. The exit code is 3 if a claim fails, 4 if none can be judged.

    Examples:

    icl claims fig3a

    icl claims --json

    icl claims my-sweep.toml
    """
    from icl_cli.report.claim_text import claims_table, judgement_record, signed_tally
    from icl_cli.store import Database
    from icl_cli.sweeps.catalogue import find_sweeps, paper_sweeps
    from icl_cli.sweeps.judgement import Verdict
    from icl_cli.sweeps.sweep_data import judge_sweep

    sweeps = find_sweeps(figures) if figures else paper_sweeps()
    known: dict[str, Any] = {}
    with Database.open(db, mode="read") as database:
        judged = [(sweep, judge_sweep(database, sweep, quick, known)) for sweep in sweeps]
    every = [judgement for _, judgements in judged for judgement in judgements]
    if json:
        print_json(
            "claims", [judgement_record(sweep.name, each, quick) for sweep, judgements in judged for each in judgements]
        )
    else:
        for sweep, judgements in judged:
            print_table(claims_table(title(sweep, quick), judgements))
        say(f"In all: {signed_tally(every)}.")
    own = [name for name in figures or () if name.endswith(".toml")]
    if own:
        drawn = all(sweep.figure.panels for sweep, _ in judged)
        page = f" --paper {shlex.join(figures or own)}{' --quick' if quick else ''}" if drawn else ""
        say(f"Next: icl report{page}{database_flag(db)}")
    else:
        say(f"Next: icl {_next(every, quick)}{database_flag(db)}")
    if all(each.verdict is Verdict.OPEN for each in every):
        return NOTHING_MATCHED
    return SOME_FAILED if any(each.verdict is Verdict.FAILS for each in every) else DONE


def title(sweep: Any, quick: bool) -> str:
    """A figure's name and title, and whether its runs are quick ones."""
    return f"{sweep.name}{' (quick)' if quick else ''}: {sweep.title}"


def _next(judgements: list[Any], quick: bool) -> str:
    command = "report --paper" if all(each.seeds for each in judgements) else "reproduce --list"
    return f"{command}{' --quick' if quick else ''}"
