"""Data goes to stdout, talk to stderr; both follow NO_COLOR, TERM and whether they are a terminal.

How much talk there is, `--quiet` and `--verbose` say: it is set once for a command, by `speaking`.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

from icl_cli.report.formatting import printable

# Tables are made to fit this width wherever the terminal's own is unknown or wider.
WIDTH = 80
# What may lay out talk and data; other control characters of a text never reach a terminal.
LAYOUT = "\n\t"


class Loudness(IntEnum):
    """How much is said on stderr: errors alone, the usual, or also what is reused and how long all takes."""

    QUIET = 0
    USUAL = 1
    VERBOSE = 2


_loudness = Loudness.USUAL


@contextmanager
def speaking(loudness: Loudness) -> Iterator[None]:
    """Within it, talk is as loud as this."""
    global _loudness
    before, _loudness = _loudness, loudness
    try:
        yield
    finally:
        _loudness = before


def is_animated() -> bool:
    """Whether stderr is a terminal on which lines can change, and talk is wanted."""
    return sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown") and _loudness > Loudness.QUIET


def say(text: str) -> None:
    """Talk for the person at the terminal, on stderr, without markup; nothing with --quiet."""
    if _loudness > Loudness.QUIET:
        warn(text)


def warn(text: str) -> None:
    """What must be heard also with --quiet: errors, and questions."""
    try:
        print(printable(text, keep=LAYOUT), file=sys.stderr, flush=True)  # noqa: T201
    except BrokenPipeError:
        # That nobody listens any more is no reason to stop work, nor for Python to complain when it closes stderr.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def print_json(kind: str, data: Any) -> None:
    """One JSON document on stdout: the envelope of `icl_cli.report.json_documents` around `data`.

    Numbers that JSON has no word for become null. Raises KeyError for a `kind` that is not documented.
    """
    from icl_cli.report.json_documents import DOCUMENTS

    print_document({"schema": f"icl.{kind}", "version": DOCUMENTS[kind].version, "data": data})


def print_document(content: Any) -> None:
    """JSON that has a format of its own, such as a JSON schema, on stdout."""
    sys.stdout.write(json.dumps(finite(content), indent=2, allow_nan=False) + "\n")


def print_paths(kind: str, paths: Sequence[Path], as_json: bool) -> None:
    """The paths of written files on stdout, a line each, or as JSON."""
    if as_json:
        print_json(kind, {"files": [str(path) for path in paths]})
        return
    for path in paths:
        sys.stdout.write(f"{path}\n")


def print_line(text: str) -> None:
    """A line of data on stdout, without control characters."""
    sys.stdout.write(f"{printable(text, keep=LAYOUT)}\n")


def print_table(table: Any) -> None:
    """A rich table or text on stdout, never wider than 80 columns."""
    from icl_cli.cli.plain_console import PlainConsole

    console = PlainConsole(file=sys.stdout)
    if not console.is_terminal:
        console.width = WIDTH
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
