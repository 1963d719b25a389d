"""Options without their value: the parser takes what follows, and `--name --steps 5` names a run "--steps"."""

from collections.abc import Iterable, Sequence
from itertools import pairwise, takewhile
from typing import Any

from icl_cli.cli.called_command import called_command
from icl_cli.errors import UsageError


def require_values(program: Any, words: Sequence[str]) -> None:
    """Raises `UsageError` where an option that takes a value stands before another option of its command."""
    asked = list(takewhile(lambda word: word != "--", words))
    path, command = called_command(program, asked)
    options = [each for each in command.params if each.param_type_name == "option"]
    taking, known = _names(each for each in options if not each.is_flag), _names(options)
    for option, following in pairwise(asked):
        if option in taking and following in known:
            raise UsageError(
                f"{option} needs a value, and {following} behind it is an option. `{path} --help` explains both."
            )


def _names(options: Iterable[Any]) -> set[str]:
    return {name for each in options for name in (*each.opts, *each.secondary_opts)}
