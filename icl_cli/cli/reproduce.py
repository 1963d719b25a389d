"""`icl reproduce`: figures of the paper from nothing but their names."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from icl_cli.cli.claims import page_command, title
from icl_cli.cli.computing import prepare_to_compute
from icl_cli.cli.console import print_json, print_table, say, warn
from icl_cli.cli.exit_codes import SOME_FAILED
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    CoresOption,
    DatabaseOption,
    FiguresArgument,
    JsonOption,
    OutputOption,
    QuickOption,
    database_flag,
)
from icl_cli.errors import UsageError


def reproduce(
    figures: FiguresArgument = None,
    all_figures: Annotated[bool, typer.Option("--all", help="Every figure of the paper.")] = False,
    list_figures: Annotated[
        bool, typer.Option("--list", help="Show the figures, what is there and how long the rest may take, and stop.")
    ] = False,
    quick: QuickOption = False,
    output: OutputOption = Path("icl-paper"),
    cores: CoresOption = None,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> int:
    """Reproduce figures of the paper: train what is missing, compare, draw, judge the claims.

    What the database has is not done again, and what was stopped goes on where it was. The exit code is 3 if a claim
    fails; not with --quick, whose verdicts are a first impression.

    Examples:

    icl reproduce --list

    icl reproduce fig3a

    icl reproduce --all --quick
    """
    from icl_cli.output_places import require_output_folder
    from icl_cli.report.sweep_files import sweeps_called

    if list_figures:
        return _list(sweeps_called(figures or (), quick), quick, db, json)
    if bool(figures) == all_figures:
        raise UsageError("Give either figures, such as fig3a, or --all. `icl reproduce --list` shows them.")
    sweeps = sweeps_called(figures or (), quick)
    require_output_folder(output)
    prepare_to_compute(trains=True, cores=cores)
    with open_for_writing(db, "create") as database:
        reproduced = [_reproduce(database, sweep, quick, output, show=not json) for sweep in sweeps.values()]
    return _conclude(reproduced, figures or [], quick, db, json)


def _reproduce(database: Any, sweep: Any, quick: bool, output: Path, show: bool) -> Any:
    """One figure, from training to verdicts; `show` them as soon as they are there."""
    from icl_cli.cli.training_progress import training_progress
    from icl_cli.cli.work_progress import work_progress
    from icl_cli.report.claim_text import claims_table
    from icl_cli.report.paper import draw_sweep
    from icl_cli.sweeps.reproduction import measure_sweep, train_sweep

    say(title(sweep, quick))
    for run in train_sweep(database, sweep, quick, training_progress(database)):
        warn(f"Run {run.short_id} ({run.name} seed {run.seed}) diverged: {run.error}. Claims leave it out.")
    with work_progress() as tell:
        measure_sweep(database, sweep, quick, tell)
    drawn = draw_sweep(database, sweep, quick, output)
    for sentence in drawn.drawing.left_out if drawn.drawing else ():
        warn(f"{sweep.name}: {sentence} Choose baselines or runs of that panel in the sweep file.")
    if show:
        print_table(claims_table(title(sweep, quick), drawn.judgements))
    return drawn


def _conclude(reproduced: list[Any], figures: list[str], quick: bool, db: str, json: bool) -> int:
    from icl_cli.report.claim_text import judgement_record, signed_tally
    from icl_cli.sweeps.judgement import Verdict

    judgements = [each for drawn in reproduced for each in drawn.judgements]
    if json:
        print_json(
            "reproduce",
            [
                {
                    "figure": drawn.sweep.name,
                    "files": [str(path) for path in drawn.files],
                    "claims": [judgement_record(drawn.sweep.name, each, quick) for each in drawn.judgements],
                }
                for drawn in reproduced
            ],
        )
    else:
        for path in (path for drawn in reproduced for path in drawn.files):
            typer.echo(path)
    say(f"In all: {signed_tally(judgements)}.")
    say(f"Next: icl {page_command(figures, quick)}{database_flag(db)}")
    failed = any(each.verdict is Verdict.FAILS for each in judgements)
    return SOME_FAILED if failed and not quick else 0


def _list(called: dict[str, Any], quick: bool, db: str, json: bool) -> int:
    from icl_cli.report.paper_tables import outlook_record, outlook_table
    from icl_cli.sweeps.reproduction import outlooks

    sweeps = list(called.values())
    found = outlooks(db, sweeps, quick)
    if json:
        print_json("reproduce.list", [outlook_record(sweep, found[sweep.name]) for sweep in sweeps])
    else:
        print_table(outlook_table(sweeps, found))
    say(f"Next: icl reproduce {shlex.quote(next(iter(called)))}{' --quick' if quick else ''}{database_flag(db)}")
    return 0
