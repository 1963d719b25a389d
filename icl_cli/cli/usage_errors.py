"""Wrong command lines in one line: the option, what was given, what is allowed, and which --help explains it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from typer.exceptions import TyperException

from icl_cli.cli.unknown_commands import unknown_command_message
from icl_cli.cli.unknown_options import unknown_option_message
from icl_cli.errors import ConfigError

_UNWANTED = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", re.DOTALL)


def usage_message(error: TyperException, command: str, words: Sequence[str]) -> str:
    """What Typer found wrong; empty where a bare command has already printed its help.

    `command` is what was called, for errors that do not know it, with all its `words`.
    """
    text = (
        _value_message(error)
        or unknown_command_message(error)
        or unknown_option_message(error, words)
        or _plain(error.format_message().strip())
    )
    if not text:
        return ""
    context = getattr(error, "ctx", None)
    end = "" if text.endswith((".", "?")) else "."
    explained_by = _explained_by(context.command_path if context else command)
    return f"{text}{end} {explained_by}"


def of_option(error: ConfigError, flags: Mapping[str, str], command: str) -> ConfigError:
    """The same error with the option's flag in place of the configuration path that it begins with."""
    # One of several values, such as the kinds of attention, has its place behind the path.
    begins = re.match(r"([\w.]+?)(\.\d+)?(?=:| )", str(error))
    # What concerns two values of one group is told by the end of a path alone.
    flag = begins and next((flags[path] for path in flags if f".{path}".endswith(f".{begins[1]}")), None)
    if not begins or not flag:
        return error
    return ConfigError(f"{flag}{str(error)[begins.end() :]} {_explained_by(command)}")


def _explained_by(command: str) -> str:
    return f"`{command} --help` explains it."


def _plain(text: str) -> str:
    """Typer's message, in other words where those are hard to understand."""
    unwanted = _UNWANTED.fullmatch(text)
    if unwanted:
        from icl_cli.store.target import SEPARATOR, is_slip

        if any(is_slip(word) or SEPARATOR in word for word in unwanted[1].split()):
            # Such as the parts of a connection that was not quoted: they may hold a password.
            return "Too many arguments: quote one that has spaces, or remove it"
        return f"Too many arguments, given {unwanted[1]!r}: quote one that has spaces, or remove it"
    return text.replace("requires an argument", "needs a value after it")


def _value_message(error: Any) -> str | None:
    """Of a value that pydantic did not take: its words are not for people."""
    problems = getattr(error.__cause__, "errors", None)
    if problems is None or getattr(error, "param", None) is None:
        return None
    from icl_cli.value_problems import explained

    return explained(error.param.opts[0], problems(include_url=False)[0])
