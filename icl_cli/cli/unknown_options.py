"""What is said of an option that a command lacks: its nearest one, the command behind which it stands, or `--`."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from icl_cli.cli.called_command import PROGRAM
from icl_cli.report.formatting import shell_command

# Of 0 to 1, how alike an option is that may have been meant.
LEAST_LIKENESS = 0.6


def unknown_option_message(error: Any, words: Sequence[str]) -> str | None:
    """Which option is missing, and what was meant; None for another error. `words` are the whole command line."""
    # Only the error of an unknown option has possibilities, though they may be none.
    if not hasattr(error, "possibilities") or error.ctx is None:
        return None
    command = error.ctx.command
    place = next((place for place, word in enumerate(words) if word.startswith(error.option_name)), None)
    given = error.option_name if place is None else words[place].partition("=")[0]
    text = f"No such option: {given}."
    if hasattr(command, "commands"):
        return text + _behind_command(error)
    if nearest := _nearest(given, list(_flags(command))):
        return f"{text} Did you mean {nearest}?"
    if place is not None and _expects_name(command, given, words[:place]):
        example = shell_command(PROGRAM, *words[:place], "--", words[place])
        return f"{text} A name that begins with a hyphen stands behind --, after all options: `{example}`."
    return text


def _behind_command(error: Any) -> str:
    """Where an option stands that was given to a group of commands."""
    commands = error.ctx.command.commands
    having = [name for name, one in commands.items() if error.option_name in _flags(one)]
    if not having:
        nearest = _nearest(error.option_name, list(_flags(error.ctx.command)))
        return f" Did you mean {nearest}?" if nearest else ""
    example = f"{error.ctx.command_path} {having[0]} {error.option_name}"
    return f" {error.option_name} stands behind a command: `{example}`."


def _flags(command: Any) -> Iterator[str]:
    for option in command.params:
        if option.param_type_name == "option":
            yield from (*option.opts, *option.secondary_opts)


def _nearest(given: str, flags: Sequence[str]) -> str | None:
    """The flag of `flags` that was meant: of these words or their initials, else the most alike."""
    if not given.startswith("--"):
        return None
    spelt = {_letters(flag): flag for flag in flags if flag.startswith("--")}
    initials = {"".join(word[0] for word in flag.split("-") if word): flag for flag in spelt.values()}
    letters = _letters(given)
    if len(letters) > 1 and letters in initials:
        return initials[letters]
    begun = [name for name in spelt if name.startswith(letters)]
    near = begun[:1] if len(begun) == 1 else get_close_matches(letters, spelt, n=1, cutoff=LEAST_LIKENESS)
    return spelt[near[0]] if near else None


def _letters(flag: str) -> str:
    return flag.replace("-", "").replace("_", "").lower()


def _expects_name(command: Any, given: str, before: Sequence[str]) -> bool:
    """Whether a command, after the words `before`, still lacks a name that it cannot do without, or `given` is long.

    Behind a single hyphen, a word of several letters is rather a name than an option: none of ours looks like that.
    """
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    needed = [one for one in arguments if one.required]
    if not needed:
        return bool(arguments) and not given.startswith("--") and len(given) > 2
    options = {flag: one for one in command.params if one.param_type_name == "option" for flag in one.opts}
    names, own, is_value = 0, False, False
    for word in before:
        own = own or word == command.name
        if is_value or word.startswith("-"):
            is_value = not is_value and word in options and not options[word].is_flag
        elif own:
            names += 1
    # The command's own word was counted too.
    return names - 1 < len(needed)
