"""`icl train`: train one configuration with one or more seeds."""

import shlex
from typing import Annotated, Any

import typer

from icl_cli.cli.completion import one_of
from icl_cli.cli.computing import prepare_to_compute
from icl_cli.cli.console import print_json, print_table, say
from icl_cli.cli.exit_codes import SOME_FAILED
from icl_cli.cli.opening import open_for_writing
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    CoresOption,
    DatabaseOption,
    JsonOption,
    database_flag,
    defaulting,
    run_reference,
)
from icl_cli.cli.run_options import takes_run_options
from icl_cli.cli.runs_annotate import hidden_sentences
from icl_cli.errors import UsageError
from icl_cli.report.formatting import count, number

MOST_SEEDS = 10_000
_AGAINST_DIVERGENCE = "Lower --learning-rate or --input-half-width, or clip tokens by --token-clip."


@takes_run_options
def train(
    choices: dict[str, Any],
    convention: Annotated[
        str | None,
        typer.Option(
            metavar="paper-code|paper-text",
            help=defaulting("The paper's settings, as its code or as its text has them.", "paper-code"),
            show_default=False,
            autocompletion=one_of(("paper-code", "paper-text")),
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="paper|fast",
            help=defaulting(
                "As the paper does, or fast: a tenth of the steps, warm-up, higher learning rate, decay.",
                "paper",
            ),
            show_default=False,
            autocompletion=one_of(("paper", "fast")),
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="SEED", help=defaulting("The first seed.", "0"), show_default=False)
    ] = None,
    seeds: Annotated[int, typer.Option(metavar="SEEDS", help="How many seeds, from --seed on.")] = 1,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=defaulting("A name for the run, all its seeds.", "its other seeds' name, or what it is"),
            show_default=False,
        ),
    ] = None,
    cores: CoresOption = None,
    db: DatabaseOption = DEFAULT_DATABASE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the complete configuration and its sources, and stop.")
    ] = False,
    json: JsonOption = False,
) -> int:
    """Train a transformer on in-context regression and store it.

    A run that was trained before is not trained again; one that was stopped goes on where it stopped.

    Examples:

    icl train --layers 5

    icl train --layers 2 --recurrent --seeds 5 --name looped

    icl train --layers 5 --recipe fast
    """
    from icl_cli.conventions import resolve

    if not 1 <= seeds <= MOST_SEEDS:
        raise UsageError(f"--seeds: {seeds} given; allowed are 1 to {MOST_SEEDS}.")
    first = resolve(convention, choices if seed is None else {**choices, "seed": seed}, recipe)
    later = range(first.config.seed + 1, first.config.seed + seeds)
    resolved = [first, *(resolve(convention, {**choices, "seed": each}, recipe) for each in later)]
    if dry_run:
        _print_resolved(resolved[0], json)
        return 0
    prepare_to_compute(trains=True, cores=cores)
    return _train([each.config for each in resolved], list(choices), name, db, json)


def _print_resolved(resolved: Any, json: bool) -> None:
    from icl_cli.report.tables import configuration_table

    if json:
        config = resolved.config
        values = config.model_dump(mode="json")
        print_json("train.dry-run", {"id": config.identity, "config": values, "sources": dict(resolved.sources)})
    else:
        print_table(configuration_table(resolved))


def _train(configs: list[Any], chosen: list[str], name: str | None, db: str, json: bool) -> int:
    from icl_cli.cli.training_progress import training_progress
    from icl_cli.report.records import trained_record
    from icl_cli.report.tables import trained_table
    from icl_cli.store import ClaimOutcome, RunStatus, check_name, get_summaries, hidden_by, list_namesakes, list_runs
    from icl_cli.sweeps import names_of_families, run_experiments

    asked = None if name is None else check_name(name)
    rows, reused = [], False
    with open_for_writing(db, "create") as database:
        name = asked or names_of_families(database, configs[:1], chosen)[configs[0].family]
        for claim in run_experiments(database, configs, name, training_progress(database)):
            if claim.outcome is ClaimOutcome.ENDED:
                reused = True
                _say_reused(claim.run, asked, db)
            rows.append((claim.run, get_summaries(database, claim.run.id)))
        finished = [run for run, _ in rows if run.status is RunStatus.FINISHED]
        diverged = [run for run, _ in rows if run.status is RunStatus.DIVERGED]
        remarks = [sentence for run in finished for sentence in _nothing_learned(database, run)]
        namesakes = list_namesakes(database, name, {run.family for run, _ in rows}) if asked else []
        remarks += [f"Seed {run.seed} diverged: {run.error}. {_AGAINST_DIVERGENCE}" for run in diverged]
        remarks += _shared_name(name, namesakes)
        remarks += hidden_sentences(name, hidden_by(name, list_runs(database) if asked else []))
    if json:
        print_json("train", [trained_record(run, summaries) for run, summaries in rows])
    else:
        print_table(trained_table(rows))
    for sentence in remarks:
        say(sentence)
    if len(diverged) < len(rows):
        # Without a reference it is the run that finished last, which may be another.
        which = f" {run_reference(rows[0][0].short_id, rows[0][0].name)}" if reused else ""
        say(f"Next: icl compare{which}{database_flag(db)}")
    return SOME_FAILED if diverged else 0


def _nothing_learned(database: Any, run: Any) -> list[str]:
    """A sentence where the held-out loss was never lower than at first, by more than two standard errors."""
    from icl_cli.store import get_metrics

    losses = get_metrics(database, run.id, ["held_out_loss"])
    errors = {one.step: one.value for one in get_metrics(database, run.id, ["held_out_loss_standard_error"])}
    if not losses or any(one.value < losses[0].value - 2 * errors.get(one.step, 0.0) for one in losses):
        return []
    loss, before = number(losses[-1].value), f"{number(losses[0].value)} at step {losses[0].step}"
    advice = "More --steps may help, or another --learning-rate."
    return [f"Seed {run.seed} has learned nothing: its held-out loss is {loss}, and was {before}. {advice}"]


def _shared_name(name: str, others: list[Any]) -> list[str]:
    """A sentence where the name means runs of another configuration too, which commands then take together."""
    return [f"{name!r} is also the name of {count(len(others), 'run')} of another configuration."] if others else []


def _say_reused(run: Any, asked: str | None, db: str) -> None:
    say(f"Run {run.short_id} (seed {run.seed}) was trained before; nothing to do.")
    if asked and run.name != asked:
        # Behind `--` a name that begins with a hyphen is no option.
        rename = (
            f"icl runs rename{database_flag(db)} {run.short_id} {'-- ' * asked.startswith('-')}{shlex.quote(asked)}"
        )
        say(f"It keeps its name, {run.name}. To change that: {rename}")
