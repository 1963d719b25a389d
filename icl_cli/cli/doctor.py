"""`icl doctor`: what is slow or unsafe here, and how to mend it."""

from typing import Any

import typer

from icl_cli.cli.console import print_json, print_table, say
from icl_cli.cli.exit_codes import DONE, ERROR
from icl_cli.cli.options import DEFAULT_DATABASE, DatabaseOption, JsonOption, database_flag
from icl_cli.report.formatting import count


def doctor(db: DatabaseOption = DEFAULT_DATABASE, json: JsonOption = False) -> int:
    """Look at versions, devices, database, file system and caches, and say what is slow or unsafe and how to mend it.

    A note is something that could be faster or safer, a problem something that will not work: then the exit code is 1.
    It takes a few seconds and writes nothing into the database.

    Examples:

    icl doctor

    icl doctor --db postgresql://me@server/results --json
    """
    from icl_cli.doctor.finding import Level
    from icl_cli.doctor.registry import examine

    found = list(examine(db))
    counts = {level: sum(finding.level is level for _, finding in found) for level in Level}
    if json:
        records = [
            {"check": name, "level": finding.level.value, "text": finding.text, "mend": finding.mend}
            for name, finding in found
        ]
        told = {"findings": records, "notes": counts[Level.NOTE], "problems": counts[Level.PROBLEM]}
        print_json("doctor", told)
    else:
        _show(found)
    problems, notes = counts[Level.PROBLEM], counts[Level.NOTE]
    say(f"{count(problems, 'problem')}, {count(notes, 'note')}.")
    say(_next(found, db))
    return ERROR if problems else DONE


def _show(found: list[tuple[str, Any]]) -> None:
    """A table of all findings, and below it, unbroken, each command that mends one."""
    from icl_cli.doctor.table import findings_table, printable

    print_table(findings_table(found))
    mends = [(name, finding.mend) for name, finding in found if finding.mend]
    if mends:
        typer.echo("\nTo mend:")
    for name, mend in mends:
        typer.echo(f"  {printable(mend)}    # {name}")


def _next(found: list[tuple[str, Any]], db: str) -> str:
    from icl_cli.doctor.database import NO_RUN
    from icl_cli.doctor.finding import Level
    from icl_cli.doctor.table import printable

    for _, finding in found:
        if finding.level is Level.PROBLEM and finding.mend:
            return f"Next: {printable(finding.mend)}"
    if unwritable := next((one.mend for name, one in found if name == "file system" and one.mend), None):
        return f"Next: {printable(unwritable)}"
    has_runs = any(name == "runs" and finding.text != NO_RUN for name, finding in found)
    return f"Next: icl {'runs list' if has_runs else 'train --layers 1'}{database_flag(db)}"
