"""`icl compare`: stored runs against tuned baselines."""

from typing import Annotated, Any

import typer

from icl_cli.cli.console import print_json, print_table, say
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, database_flag
from icl_cli.errors import UsageError


def compare(
    references: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN",
            help="Id prefixes or names. (default: the latest run, all its seeds)",
            show_default=False,
        ),
    ] = None,
    baselines: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            metavar="NAME",
            help="May be repeated. (default: those of the paper for this depth)",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str, typer.Option(metavar="last|all", help="The last stored weights, or all over training.")
    ] = "last",
    curves: Annotated[
        bool, typer.Option("--curves/--no-curves", help="Also measure interpolation, roll-out and shifted tasks.")
    ] = True,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> int:
    """Compare trained models with tuned algorithms on the same held-out tasks.

    Baselines: gd, gd-per-step, gd++, gd++-per-step, least-squares, ridge.
    Each is tuned once, on tasks used for nothing else, and kept in the database.

    Examples:

    icl compare --baseline gd++

    icl compare looped --baseline gd --baseline least-squares --at all
    """
    from icl_cli.cli.comparison_progress import comparison_progress
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.store import Database

    if at not in ("last", "all"):
        raise UsageError(f"--at: {at!r} given; allowed are last and all.")
    keep_compiled_programs()
    with Database.open(db, mode="write") as database, comparison_progress() as tell:
        groups = _compare(database, references or ["latest"], baselines, at, curves, tell)
    if json:
        print_json([group.record() for group in groups])
    else:
        _print(groups)
    say(f"Next: icl report{database_flag(db)}")
    return 0


def _compare(
    database: Any, references: list[str], baselines: list[str] | None, at: Any, curves: bool, tell: Any
) -> list[Any]:
    from icl_cli.baselines import get_baseline
    from icl_cli.report.comparisons import compared_groups
    from icl_cli.sweeps import ComparisonPlan, comparable_runs, compare_run, default_baselines

    for name in baselines or ():
        get_baseline(name)
    runs = comparable_runs(database, references)
    tuned = {}
    for run in runs:
        names = tuple(dict.fromkeys(baselines or default_baselines(run.config)))
        plan = ComparisonPlan(names, at, curves)
        tuned[run.id] = compare_run(
            database, run, plan, lambda text, run=run: tell(f"{run.name} seed {run.seed}: {text}")
        )
    return compared_groups(database, runs, tuned)


def _print(groups: list[Any]) -> None:
    from icl_cli.report.comparisons import comparison_table

    for group in groups:
        print_table(comparison_table(group))
