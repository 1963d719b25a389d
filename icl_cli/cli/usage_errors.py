"""Wrong command lines in one line: the option, what was given, what is allowed, and which --help explains it."""

import re
from typing import Any

from typer.exceptions import TyperException

from icl_cli.errors import ConfigError


def usage_message(error: TyperException) -> str:
    """What Typer found wrong; empty where a bare command has already printed its help."""
    text = _value_message(error) or error.format_message().strip()
    if not text:
        return ""
    context = getattr(error, "ctx", None)
    hint = f" `{context.command_path} --help` explains it." if context else ""
    return f"{text}{'' if text.endswith(('.', '?')) else '.'}{hint}"


def of_option(error: ConfigError, flags: dict[str, str]) -> ConfigError:
    """The same error with the option's flag in place of the configuration path that it begins with."""
    # One of several values, such as the kinds of attention, has its place behind the path.
    begins = re.match(r"([\w.]+?)(\.\d+)?(?=:| )", str(error))
    flag = begins and flags.get(begins[1])
    return ConfigError(f"{flag}{str(error)[begins.end() :]}") if begins and flag else error


def _value_message(error: Any) -> str | None:
    """Of a value that pydantic did not take: its words are not for people."""
    problems = getattr(error.__cause__, "errors", None)
    if problems is None or getattr(error, "param", None) is None:
        return None
    from icl_cli.value_problems import explained

    return explained(error.param.opts[0], problems(include_url=False)[0])
