"""`icl claims`: what the database says of the paper's claims, or of those in other sweep files."""

import shlex
from collections.abc import Sequence
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
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.report.claim_text import claims_table, judgement_record, signed_tally
    from icl_cli.report.sweep_files import sweeps_called
    from icl_cli.store import Database
    from icl_cli.sweeps.judgement import Verdict
    from icl_cli.sweeps.sweep_data import judge_sweep

    keep_compiled_programs()
    sweeps = sweeps_called(figures or (), quick)
    known: dict[str, Any] = {}
    with Database.open(db, mode="read") as database:
        judged = [(sweep, judge_sweep(database, sweep, quick, known)) for sweep in sweeps.values()]
    every = [judgement for _, judgements in judged for judgement in judgements]
    if json:
        print_json(
            "claims", [judgement_record(sweep.name, each, quick) for sweep, judgements in judged for each in judgements]
        )
    else:
        for sweep, judgements in judged:
            print_table(claims_table(title(sweep, quick), judgements))
        say(f"In all: {signed_tally(every)}.")
    say(f"Next: icl {_next(figures or [], every, quick)}{database_flag(db)}")
    if all(each.verdict is Verdict.OPEN for each in every):
        return NOTHING_MATCHED
    return SOME_FAILED if any(each.verdict is Verdict.FAILS for each in every) else DONE


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
