"""What is said of a command that there is not: often its word stands in another group, as `list` does in `runs`."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from icl_cli.cli.called_command import PROGRAM

# The word is quoted as Python does, by the other sign where one of them is in it.
_UNKNOWN = re.compile(r"""No such command (['"])(.*?)\1\.""", re.DOTALL)


def unknown_command_message(error: Any) -> str | None:
    """Which command is missing, and which were meant; None for another error.

    Those of the same word come before those of a word like it; those of the group that was asked before all others.
    """
    found = _UNKNOWN.match(error.format_message())
    if found is None:
        return None
    context = error.ctx
    everywhere = list(_commands(context.find_root().command, PROGRAM))
    here = [(path, word) for path, word in everywhere if path == f"{context.command_path} {word}"]
    given = found[2]
    meant = _of_word(given, everywhere) or _of_near_word(given, here) or _of_near_word(given, everywhere)
    hint = f" Did you mean {' or '.join(f'`{path}`' for path in meant)}?" if meant else ""
    return f"{found[0]}{hint}"


def _commands(group: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every command below `group` that --help shows: how it is called, and its last word."""
    for word, command in getattr(group, "commands", {}).items():
        if not command.hidden:
            yield f"{path} {word}", word
            yield from _commands(command, f"{path} {word}")


def _of_word(given: str, commands: list[tuple[str, str]]) -> list[str]:
    return [path for path, word in commands if word == given]


def _of_near_word(given: str, commands: list[tuple[str, str]]) -> list[str]:
    return [
        path for near in get_close_matches(given, {word for _, word in commands}) for path in _of_word(near, commands)
    ]
