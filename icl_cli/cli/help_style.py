"""How the pages of --help look: without Python's names of types, and broken into lines where the terminal ends."""

from typing import Any

from typer.core import TyperArgument, TyperGroup, TyperOption


def _no_type(ctx: Any) -> None:
    """What typer asks for the type of a parameter."""


def with_plain_help(command: Any, parent: Any = None) -> Any:
    """`command`, and all commands in it, whose flags show no type and whose arguments show their metavar alone.

    Lines of a docstring are as long as those of its file: here each paragraph becomes one, for a terminal to break.
    """
    command.help = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    context = command.context_class(command, parent=parent, **command.context_settings)
    for parameter in command.get_params(context):
        if isinstance(parameter, TyperArgument):
            parameter.display_type_rich = _no_type
        elif isinstance(parameter, TyperOption) and parameter.is_flag:
            parameter.metavar = ""
    if isinstance(command, TyperGroup):
        for each in command.commands.values():
            with_plain_help(each, context)
    return command
