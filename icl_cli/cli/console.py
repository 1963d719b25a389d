"""Data goes to stdout, talk to stderr; both follow NO_COLOR and whether they are a terminal."""

import json
import sys
from typing import Any

# Tables are made to fit this width wherever the terminal's own is unknown or wider.
WIDTH = 80


def say(text: str) -> None:
    """One line of talk for the person at the terminal, on stderr, as it is: no markup."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def print_json(content: Any) -> None:
    """One JSON document on stdout; numbers that JSON has no word for become null."""
    sys.stdout.write(json.dumps(finite(content), indent=2, allow_nan=False) + "\n")


def print_table(table: Any) -> None:
    """A rich table or text on stdout, never wider than 80 columns."""
    from rich.console import Console

    class PipeConsole(Console):
        def on_broken_pipe(self) -> None:
            # rich would exit with code 1; that the reader left is no error of ours.
            raise BrokenPipeError

    console = PipeConsole(file=sys.stdout, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    console.print(table)


def finite(content: Any) -> Any:
    """`content` with every NaN and infinity, which JSON lacks, as None."""
    if isinstance(content, float):
        return content if content - content == 0 else None
    if isinstance(content, dict):
        return {name: finite(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [finite(value) for value in content]
    return content
