"""`icl runs`: look at what the database holds, write beside it, delete from it, and take it elsewhere."""

import typer

from icl_cli.cli.runs_annotate import note, rename, tag
from icl_cli.cli.runs_delete import delete
from icl_cli.cli.runs_export import export, thin
from icl_cli.cli.runs_list import list_command
from icl_cli.cli.runs_release import release
from icl_cli.cli.runs_show import diff, show

runs = typer.Typer(help="List, show, compare, label, delete and export stored runs.", no_args_is_help=True)
runs.command("list")(list_command)
runs.command()(show)
runs.command()(diff)
runs.command()(tag)
runs.command()(note)
runs.command()(rename)
runs.command()(release)
runs.command()(delete)
runs.command()(export)
runs.command()(thin)
