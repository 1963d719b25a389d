"""Which command a command line calls."""

from collections.abc import Sequence
from typing import Any

PROGRAM = "icl"


def called_command(program: Any, words: Sequence[str]) -> tuple[str, Any]:
    """How the command is called that `words` begin with, as far as there is one, and the command itself."""
    path, command = [PROGRAM], program
    for word in words:
        if word not in getattr(command, "commands", {}):
            break
        path.append(word)
        command = command.commands[word]
    return " ".join(path), command
