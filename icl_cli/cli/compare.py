"""`icl compare`: stored runs against tuned baselines, or against another run."""

from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.cli.computing import prepare_to_compute
from icl_cli.cli.console import print_json, print_table, say
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    DatabaseOption,
    JsonOption,
    RunsArgument,
    database_flag,
    defaulting,
    split_at_commas,
)
from icl_cli.errors import UsageError


def compare(
    references: RunsArgument = None,
    baselines: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            metavar="BASELINE",
            callback=split_at_commas,
            help=defaulting("Some of those above, commas between.", "those of the paper for this depth"),
            show_default=False,
            autocompletion=completion.baselines,
        ),
    ] = None,
    with_run: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="RUN",
            help="Another run of the same task, seed by seed.",
            show_default=False,
            autocompletion=completion.runs,
        ),
    ] = None,
    at: Annotated[
        str,
        typer.Option(
            metavar="last|all|STEP,STEP",
            help="The last stored weights, all over training, or those of some steps.",
            autocompletion=completion.one_of(("last", "all")),
        ),
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

    On tasks that are not linear they are tuned by samples; the paper compares runs of sine tasks by --with.

    Model, Baseline, Between: losses, the last with the mean of both weights. Cosine, Δmodel: of the derivatives of
    both predictions by the query, their cosine and L2 distance. Δŷ: the L2 distance of the predictions.

    Examples:

    icl compare --baseline gd++

    icl compare looped --baseline gd,least-squares --at all

    icl compare looped --at 0,1000

    icl compare sine-linear-1-layer --with sine-gradient-descent-1-layer --at all
    """
    from icl_cli.cli.work_progress import work_progress

    steps = _read_steps(at)
    prepare_to_compute()
    with open_for_writing(db) as database, work_progress() as tell:
        groups = _compare(database, references or ["latest"], baselines, with_run, steps, curves, tell)
    if json:
        print_json("compare", [group.record() for group in groups])
    else:
        _print(groups)
    if _has_gd_plus_plus_of_one_layer(groups):
        say("With one layer GD++ is GD: its correction of the inputs would serve the layer after.")
    say(f"Next: icl report{database_flag(db)}")
    return 0


def _read_steps(at: str) -> Any:
    """`last`, `all`, or the steps that are listed with commas between. Raises `UsageError` for anything else."""
    if at in ("last", "all"):
        return at
    parts = [part.strip() for part in at.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"--at: {at!r} given; allowed are last, all, or steps with commas between, such as 0,1000.")
    return tuple(sorted({int(part) for part in parts}))


def _compare(
    database: Any,
    references: list[str],
    baselines: list[str] | None,
    with_run: str | None,
    at: Any,
    curves: bool,
    tell: Any,
) -> list[Any]:
    from icl_cli.baselines import get_baseline
    from icl_cli.report.comparisons import compared_groups
    from icl_cli.sweeps import (
        ComparisonPlan,
        comparable_runs,
        compare_run,
        compare_with_run,
        default_baselines,
        telling_of,
    )

    for name in baselines or ():
        get_baseline(name)
    runs = comparable_runs(database, references)
    _say_unfinished(database, references)
    others = _others(database, runs, with_run)
    if with_run is not None and not baselines:
        runs = [run for run in runs if run.id in others]
    tuned = {}
    for run in runs:
        names = tuple(dict.fromkeys(baselines or (() if with_run else default_baselines(run.config))))
        told = telling_of(run, tell)
        tuned[run.id] = compare_run(database, run, ComparisonPlan(names, at, curves), told) if names else []
        if run.id in others:
            tuned[run.id].append(compare_with_run(database, run, others[run.id], at, curves, told))
    return compared_groups(database, runs, tuned, at if isinstance(at, tuple) else None)


def _others(database: Any, runs: list[Any], with_run: str | None) -> dict[str, Any]:
    """By the id of each of `runs` that has one, the run of the same seed to compare it with."""
    from icl_cli.sweeps import comparable_runs, paired_runs, unpaired_runs

    if with_run is None:
        return {}
    others = comparable_runs(database, [with_run])
    pairs = paired_runs(runs, others)
    for sentence in unpaired_runs(runs, others, pairs):
        say(sentence)
    return {run.id: other for run, other in pairs}


def _say_unfinished(database: Any, references: list[str]) -> None:
    """Say which of the named runs are left out because they have not finished."""
    from icl_cli.store import RunStatus, resolve_all

    left_out = [run for run in resolve_all(database, references) if run.status is not RunStatus.FINISHED]
    if left_out:
        named = ", ".join(f"{run.short_id} (seed {run.seed}, {run.status})" for run in left_out)
        say(f"Not compared, because not finished: {named}.")


def _has_gd_plus_plus_of_one_layer(groups: list[Any]) -> bool:
    return any(
        group.tuned.record.name in ("gd++", "gd++-per-step") and group.runs[0].config.model.layers == 1
        for group in groups
    )


def _print(groups: list[Any]) -> None:
    from icl_cli.report.comparisons import comparison_table

    for group in groups:
        print_table(comparison_table(group))
