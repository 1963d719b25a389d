"""Every command's --help: purpose, examples, whole names of options at 80 columns, defaults and metavars."""

import re

import pytest
import typer

from icl_cli.cli.exit_codes import MEANINGS
from icl_cli.cli.main import COMMAND
from icl_cli.errors import IclError


def commands(command=COMMAND, words=()):
    if hasattr(command, "commands"):
        return [found for name, one in command.commands.items() for found in commands(one, (*words, name))]
    return [] if command.hidden else [(words, command)]


ALL = commands()
IDS = [" ".join(words) for words, _ in ALL]


def test_all_commands_are_looked_at():
    assert len(ALL) >= 18


@pytest.mark.parametrize(("words", "command"), ALL, ids=IDS)
def test_a_purpose_of_one_line_and_two_examples_of_this_command(words, command):
    purpose, *rest = command.help.strip().split("\n\n")
    assert purpose.endswith(".")
    assert "\n" not in purpose
    examples = rest[rest.index("Examples:") + 1 :]
    assert len(examples) >= 2
    assert all(example.startswith(f"icl {' '.join(words)}") for example in examples)
    assert len(set(examples)) == len(examples)


@pytest.mark.parametrize(("words", "command"), ALL, ids=IDS)
def test_at_80_columns_no_name_is_cut_and_no_python_type_is_shown(icl, words, command):
    result = icl(*words, "--help")
    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= 80
    for option in options_of(command):
        for name in (*option.opts, *option.secondary_opts):
            assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w…-])", result.out), name
    assert not re.search(r"<[a-z]\w*>|list\[", result.out)
    assert "…" not in result.out


@pytest.mark.parametrize(("words", "command"), ALL, ids=IDS)
def test_at_80_columns_nothing_is_broken_but_by_the_terminal(icl, words, command):
    paragraphs = command.help.split("\n\n")
    assert not [each for each in paragraphs if "\n" in each]
    # An example that is broken cannot be copied; a page has a margin of a column on either side.
    assert not [each for each in paragraphs if each.startswith("icl ") and len(each) > 78]
    page = icl(*words, "--help").out
    assert all(one.metavar in page for one in options_of(command) if one.metavar)


@pytest.mark.parametrize(("words", "command"), ALL, ids=IDS)
def test_every_option_has_help_and_every_value_a_metavar_and_a_default(words, command):
    for option in options_of(command):
        assert option.help, option.name
        if option.is_flag:
            continue
        assert option.metavar, option.name
        shown = option.show_default and option.default is not None
        # Those that are looked for in `compare --with` and the like have none: without them nothing is done.
        assert shown or "[default: " in option.help or option.name == "with_run", option.name


def options_of(command):
    context = typer.Context(command)
    return [one for one in command.get_params(context) if one.param_type_name == "option" and not one.hidden]


@pytest.mark.parametrize(("words", "command"), ALL, ids=IDS)
def test_the_same_option_is_explained_alike_everywhere(words, command):
    meant = {option.name: (option.metavar, option.help) for option in options_of(command)}
    for other_words, other in ALL:
        for option in options_of(other):
            if option.name in ("db", "json", "output", "cores", "quick"):
                assert meant.get(option.name, (option.metavar, option.help)) == (option.metavar, option.help), (
                    other_words
                )


def test_json_is_offered_by_every_command_that_prints_data(icl):
    without = {" ".join(words) for words, one in ALL if "json" not in {option.name for option in options_of(one)}}
    # A JSON schema is no data of ours: it has a format of its own. The others only say what they did.
    assert without == {"sweep schema", "runs tag", "runs note", "runs rename", "runs release"}


def test_long_commands_group_their_options():
    for words, command in ALL:
        own = options_of(command)
        panels = {option.rich_help_panel for option in own}
        assert len(own) <= 9 or len(panels) >= 3, words


def test_icl_alone_shows_the_usual_path(icl):
    result = icl()
    assert (result.code, result.err) == (0, "")
    path = [line.split()[1] for line in result.out.splitlines() if line.startswith("  icl ")]
    assert path[:3] == ["train", "compare", "report"]
    assert max(map(len, result.out.splitlines())) <= 80


def test_the_main_page_names_every_exit_code(icl):
    words = " ".join(icl("--help").out.split())
    assert all(f"{code} {meaning}" in words for code, meaning in MEANINGS.items())


def test_every_error_ends_with_a_documented_code():
    kinds = [IclError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        assert kind.exit_code in MEANINGS
    assert len(kinds) > 8
