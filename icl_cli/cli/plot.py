"""`icl plot`: one figure of chosen runs, in a size and format for print."""

from pathlib import Path
from typing import Annotated, Any

import typer

from icl_cli.cli import completion
from icl_cli.cli.computing import require_address_space
from icl_cli.cli.console import print_json, print_table, say
from icl_cli.cli.options import (
    DEFAULT_DATABASE,
    PLACES,
    DatabaseOption,
    JsonOption,
    RunsArgument,
    database_flag,
    defaulting,
    path,
)
from icl_cli.errors import UsageError

DEFAULT_KIND = "loss"
# The group of options that say how a figure looks.
LOOK = "Look"


def plot(
    context: typer.Context,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND", help="What to draw; --list shows all.", show_default=False, autocompletion=completion.plots
        ),
    ] = None,
    references: RunsArgument = None,
    formats: Annotated[
        str | None,
        typer.Option("--format", metavar="pdf,svg,png", help=defaulting("Some of these.", "all"), show_default=False),
    ] = None,
    columns: Annotated[
        int | None,
        typer.Option(
            metavar="1|2",
            min=1,
            max=2,
            help=defaulting("Columns of the page: 3.25 or 6.75 inches wide.", "as KIND is laid out"),
            show_default=False,
            rich_help_panel=LOOK,
        ),
    ] = None,
    log: Annotated[
        bool | None,
        typer.Option(
            "--log/--linear",
            help=defaulting("The vertical axis.", "as KIND has it"),
            show_default=False,
            rich_help_panel=LOOK,
        ),
    ] = None,
    choices: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            rich_help_panel=LOOK,
            help=defaulting("An option of KIND; --list --json shows all. May be repeated.", "those of KIND"),
            show_default=False,
        ),
    ] = None,
    data: Annotated[bool, typer.Option("--data", help="Also write the numbers in it as CSV.")] = False,
    place: Annotated[
        Path,
        typer.Option("--output", metavar="FOLDER|FILE", help="Where it goes.", rich_help_panel=PLACES, parser=path),
    ] = Path("icl-plots"),
    list_kinds: Annotated[
        bool, typer.Option("--list", help="Show every KIND, where the paper has it and what it needs, and stop.")
    ] = False,
    db: DatabaseOption = DEFAULT_DATABASE,
    json: JsonOption = False,
) -> int:
    """Draw one figure of stored runs for print, such as the loss, alignment or weights.

    Several runs are overlaid. The title says of which runs and how many seeds it is; the same numbers give the
    same bytes.

    Examples:

    icl plot loss --log

    icl plot shift looped deep --set shift=teacher --columns 2 --format pdf --data

    icl plot --list
    """
    if list_kinds and (references or formats or choices or data):
        raise UsageError("--list: given with what to draw, but it draws nothing. Leave that out.")
    if list_kinds:
        return _list(kind, db, json)
    if kind is None:
        raise UsageError(f"KIND is missing: `icl plot --list` shows all, such as {DEFAULT_KIND}.")
    _require_no_flags(choices or [], kind, context)
    drawing, paths = _plot(kind, references or ["latest"], formats, columns, log, choices or [], data, place, db)
    if json:
        print_json("plot", {"kind": kind, "caption": drawing.caption, "files": [str(path) for path in paths]})
    else:
        for path in paths:
            typer.echo(path)
        say(f"Caption: {drawing.caption}")
    say(f"Next: icl report{database_flag(db)}")
    return 0


def _list(kind: str | None, db: str, json: bool) -> int:
    from icl_cli.report.plot_kinds import PLOT_KINDS, plot_kind, plot_kinds_table

    kinds = list(PLOT_KINDS.values()) if kind is None else [plot_kind(kind)]
    if json:
        print_json("plot.list", [each.record() for each in kinds])
    else:
        print_table(plot_kinds_table(kinds))
    say(f"Next: icl plot {kinds[0].name}{database_flag(db)}")
    return 0


def _require_no_flags(choices: list[str], kind_name: str, context: typer.Context) -> None:
    """Raises `UsageError` where --set names an option of the command that is none of the kind's."""
    from icl_cli.report.plot_kinds import plot_kind

    flags = {flag for each in context.command.params for flag in (*each.opts, *each.secondary_opts)}
    for name in (text.partition("=")[0] for text in choices):
        if f"--{name}" in flags and name not in plot_kind(kind_name).options:
            raise UsageError(f"--set: {name!r} given, but --{name} is an option of its own. Give that instead.")


def _plot(
    kind_name: str,
    references: list[str],
    formats: str | None,
    columns: int | None,
    log: bool | None,
    choices: list[str],
    with_data: bool,
    output: Path,
    db: str,
) -> tuple[Any, list[Path]]:
    """The drawing and its files. Everything that can be refused is refused before the database is opened."""
    require_address_space()
    from icl_cli.compilation import keep_compiled_programs
    from icl_cli.report.data import load_data
    from icl_cli.report.plot import PlotRequest, draw_plot
    from icl_cli.report.plot_files import plot_paths, plot_stem, read_formats, write_plot
    from icl_cli.report.plot_kinds import option_values, plot_kind
    from icl_cli.report.seeds import seeds_behind
    from icl_cli.report.style import paper_style
    from icl_cli.store import Database, resolve_runs

    keep_compiled_programs()
    kind = plot_kind(kind_name)
    options = option_values(kind, choices)
    wanted = None if formats is None else read_formats(formats)
    plot_paths(output, kind.name, wanted)
    scale = None if log is None else "log" if log else "linear"
    with Database.open(db, mode="read") as database:
        runs = {run.id: run for each in references for run in resolve_runs(database, each)}
        loaded = load_data(database, list(runs.values()))
    with paper_style():
        drawing = draw_plot(loaded, PlotRequest(kind, columns, options, scale))
        seeds = len(seeds_behind(drawing.numbers).seeds) if "seed" in drawing.numbers else 1
        paths = plot_paths(output, plot_stem(kind, loaded.families, options, scale, columns, seeds), wanted)
        return drawing, write_plot(drawing, paths, with_data)
