"""What the checks found, for the terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from icl_cli.doctor.finding import Finding, Level

STYLES = {Level.OK: "green", Level.NOTE: "yellow", Level.PROBLEM: "bold red"}


def findings_table(found: Sequence[tuple[str, Finding]]) -> Table:
    """A line a finding: the check, how bad it is, and what was found. Commands are too long for a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in ("Check", "Level", "What was found"):
        table.add_column(header, overflow="fold")
    before = None
    for name, finding in found:
        level = Text(finding.level.value, STYLES[finding.level])
        table.add_row("" if name == before else name, level, Text(printable(finding.text)))
        before = name
    return table


def printable(text: str) -> str:
    """The text in one line, without signs that would act on a terminal: names of files may hold any."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in " ".join(text.split()))
