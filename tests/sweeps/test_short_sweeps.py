"""The short form of sweep files, points beside a grid and points left out, and how much a file may ask for."""

import time
from pathlib import Path

import pytest

from icl_cli.conventions import resolve
from icl_cli.errors import ConfigError, IclError
from icl_cli.sweeps.expansion import expand
from icl_cli.sweeps.sweep_data import require_judgeable
from icl_cli.sweeps.sweep_file import MOST_RUNS, Sweep
from icl_cli.sweeps.sweep_reading import MOST_BYTES, parse_sweep, read_sweep

HEAD = 'name = "mine"\ntitle = "Mine"\n'
GRID = "[grid]\nmodel.layers = [1, 2, 3]\nmodel.recurrent = [false, true]\n"
CLAIM = '[[claims]]\nsentence = "It learns."\nmeasure = "loss"\noperator = "<"\nbound = 0.2\n'
LONG = '[[runs]]\nlabel = "mine"\n'


def sweep_of(text: str) -> Sweep:
    return parse_sweep(text.encode(), "mine.toml")


def shapes(text: str, quick: bool = False) -> list[tuple[int, bool]]:
    """Layers and recurrence of every point, in order."""
    sweep = sweep_of(text)
    models = [point.configs[0].model for point in expand(sweep, sweep.runs[0], quick)]
    return [(model.layers, model.recurrent) for model in models]


# What a key means in the short form is what it means in a [[runs]] table of the sweep's name.
BODIES = [
    "settings = { model.layers = 2 }",
    'recipe = "fast"\nconvention = "paper-text"',
    'baselines = ["gd"]\nsnapshots = "all"\ncurves = false\nanalyses = ["roll-out"]\nminutes = 3',
    "grid = { model.layers = [1, 2] }\nexclude = [{ model.layers = 2 }]\ninclude = [{ model.heads = 2 }]",
    'quick = { recipe = "paper", settings = { training.steps = 7 } }',
]


@pytest.mark.parametrize("body", BODIES)
def test_the_short_form_means_one_table_of_runs(body):
    assert sweep_of(f"{HEAD}seeds = 2\n{body}") == sweep_of(f"{HEAD}seeds = 2\n{LONG}{body}")


def test_claims_and_panels_of_the_short_form_need_no_run():
    figure = '[[figure.panels]]\nkind = "loss"\n'
    short = sweep_of(f"{HEAD}settings = {{ model.layers = 1 }}\n{CLAIM}{figure}")
    assert [claim.run for claim in short.claims] == ["mine"]
    require_judgeable(short, quick=False)
    with pytest.raises(ConfigError, match=r"no run of this file named.*'mine'"):
        sweep_of(f"{HEAD}{LONG}{CLAIM}")


def test_what_was_read_reads_back_as_json():
    body = "seeds = [3, 1]\n[grid]\nmodel.layers = [1, 2]\n[[include]]\nmodel.heads = 2\n"
    sweep = sweep_of(HEAD + body + CLAIM.replace("bound", "at = { model.layers = 1 }\nbound"))
    assert Sweep.model_validate_json(sweep.model_dump_json()) == sweep


ALL = [(1, False), (1, True), (2, False), (2, True), (3, False), (3, True)]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (GRID, ALL),
        ('[grid]\n"model.layers" = [1, 2, 3]\n[grid.model]\nrecurrent = [false, true]\n', ALL),
        (GRID + "[[exclude]]\nmodel.layers = 1\n", ALL[2:]),
        (GRID + "[[exclude]]\nmodel = { layers = 1, recurrent = true }\n", ALL[:1] + ALL[2:]),
        (GRID + "[[exclude]]\nmodel.layers = 1\n[[exclude]]\nmodel.recurrent = true\n", [ALL[2], ALL[4]]),
        (GRID + "[[include]]\nmodel.layers = 9\n", [*ALL, (9, False)]),
        # Points that mean the same runs are one, however they are written.
        (GRID + "[[include]]\nmodel.layers = 2\nmodel.recurrent = true\n", ALL),
        (GRID + "[[include]]\nmodel.layers = 2\n", ALL),
        # What is left out of the grid may still be named.
        (GRID + "[[exclude]]\nmodel.layers = 1\n[[include]]\nmodel.layers = 1\n", [*ALL[2:], (1, False)]),
        # Beside points to include a grid without values has none.
        ("[[include]]\nmodel.layers = 4\n", [(4, False)]),
        ('recipe = "fast"\n', [(1, False)]),
    ],
)
def test_points(tables, expected):
    assert shapes(HEAD + tables) == expected


def test_a_quick_grid_stands_in_place_of_all_points():
    text = (
        f"{HEAD}{GRID}[[include]]\nmodel.layers = 9\n[[exclude]]\nmodel.layers = 1\n[quick.grid]\nmodel.layers = [5]\n"
    )
    assert shapes(text, quick=True) == [(5, False)]


def test_quick_runs_keep_the_steps_of_a_grid_apart():
    text = f"{HEAD}settings = {{ training.batch_size = 64 }}\n[grid]\ntraining.steps = [100, 200]\n"
    points = expand(sweep_of(text), sweep_of(text).runs[0], quick=True)
    assert [point.configs[0].training.steps for point in points] == [100, 200]


@pytest.mark.parametrize(
    ("seeds", "expected"), [("2", (0, 1)), ("[7, 3]", (7, 3)), ("[0]", (0,)), ("5", (0, 1, 2, 3, 4))]
)
def test_seeds_are_a_count_or_a_list(seeds, expected):
    sweep = sweep_of(f"{HEAD}seeds = {seeds}\nsettings = {{ model.layers = 2 }}")
    for quick in (False, True):
        (point,) = expand(sweep, sweep.runs[0], quick)
        wanted = expected[:3] if quick else expected
        assert tuple(config.seed for config in point.configs) == wanted
    (point,) = expand(sweep, sweep.runs[0], quick=False)
    alone = [resolve(None, {"model.layers": 2, "seed": seed}).config.identity for seed in expected]
    assert [config.identity for config in point.configs] == alone


@pytest.mark.parametrize(
    ("at", "fits"),
    [
        ("{ model.layers = 3, model.recurrent = true }", 1),
        ("{ model.layers = 9 }", 1),
        # What a point does not say is what its configuration has.
        ("{ model.layers = 1, model.heads = 1, model.recurrent = false }", 1),
        ("{ model.heads = 2 }", 1),
        ('{ model.attention = ["softmax"] }', 1),
        ("{ model.layers = 1 }", 3),
        ("{ model.layers = 4 }", 0),
    ],
)
def test_a_claim_chooses_among_the_grid_and_what_it_includes(at, fits):
    beside = "[[include]]\nmodel.layers = 9\n[[include]]\nmodel.layers = 1\nmodel.heads = 2\n"
    softmax = '[[include]]\nmodel.layers = 2\nmodel.attention = ["softmax"]\n'
    sweep = sweep_of(HEAD + GRID + beside + softmax + CLAIM.replace("bound", f"at = {at}\nbound"))
    if fits == 1:
        require_judgeable(sweep, quick=False)
    else:
        with pytest.raises(ConfigError, match=f"model.layers.*fits {fits} of the 9 configurations"):
            require_judgeable(sweep, quick=False)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (f"{GRID}[[exclude]]\nmodel.layers = 7\n", ["exclude", "model.layers = 7", "nothing", "[1, 2, 3]"]),
        (f"{GRID}[[exclude]]\nmodel.recurrent = 1\n", ["exclude", "recurrent = 1", "[false, true]"]),
        (f"{GRID}[[exclude]]\nmodel.heads = 1\n", ["exclude", "'model.heads'", "model.recurrent"]),
        (f"{GRID}[[exclude]]\n", ["exclude", "empty"]),
        ("[grid]\nmodel.layers = [1]\n[[exclude]]\nmodel.layers = 1\n", ["exclude", "nothing of the grid is left"]),
        ("[grid]\nmodel.layers = []\n", ["grid", "'model.layers'", "empty"]),
        ("[quick.grid]\nmodel.layers = []\n", ["quick.grid", "empty"]),
        ("[grid]\nmodel.layers = 3\n", ["grid.model.layers", "list", "3"]),
        ("[grid]\nmodel.layer = [1]\n", ["grid", "'model.layer'", "'model.layers'"]),
        ("[[include]]\nmodel.layers = 1\nmodel.hads = 2\n", ["include 1", "'model.hads'", "'model.heads'"]),
        (f"{GRID}[[exclude]]\nmodel.layrs = 1\n", ["exclude 1", "'model.layrs'", "'model.layers'"]),
        ("[quick.settings]\ntraining.step = 1\n", ["quick.settings", "'training.step'", "'training.steps'"]),
        ("[quick]\nrecpe = 'fast'\n", ["quick: unknown key 'recpe'", "'recipe'"]),
        ("[gird]\nmodel.layers = [1]\n", ["'gird'", "'grid'"]),
        ("include = 3\n", ["include", "3"]),
        ("settings = { seed = 3 }\n", ["settings", "'seed'", "`seeds`"]),
        ("settings = { training.recipe = 'fast' }\n", ["'training.recipe'", "'recipe' is a key of its own"]),
        ("[grid]\nconvention = ['paper-text']\n", ["'convention' is a key of its own"]),
        ("[grid]\nmodel.layers = [1]\nseeds = 2\n", ["grid", "'seeds'", "above the first [table]"]),
        ('settings = { model.layers = 1, "model.layers" = 2 }\n', ["settings", "once"]),
        ("", ["runs", "none", "[grid]"]),
        (f"recipe = 'fast'\n{LONG}", ["[[runs]]", "recipe", "leave"]),
        (f"{GRID}{LONG}", ["[[runs]]", "grid", "leave"]),
        ("settings = {}\nseeds = 0\n", ["seeds", "0", "1000"]),
        ("settings = {}\nseeds = true\n", ["seeds", "true"]),
        ("settings = {}\nseeds = []\n", ["seeds", "[]"]),
        ("settings = {}\nseeds = [1, 1]\n", ["seeds", "[1, 1]", "different"]),
        ("settings = {}\nseeds = [-1]\n", ["seeds", "-1"]),
        ("settings = {}\nseeds = [4294967296]\n", ["seeds", "4294967295"]),
        (f"settings = {{}}\n{CLAIM}run = 'other'\n", ["'other'", "'mine'"]),
    ],
)
def test_what_is_wrong_is_named(text, named):
    with pytest.raises(ConfigError) as caught:
        sweep_of(HEAD + text)
    message = str(caught.value)
    assert message.startswith("mine.toml: ")
    assert "\n" not in message
    assert not [word for word in named if word not in message], message


NAMES = {"name": "mine", "label": "mine", "title": "Mine", "sentence": "It learns."}


@pytest.mark.parametrize("text", ["a\\nb", "a\\u001b[31m", "a\\u0000", "a\\u202eb", "a\\tb"])
@pytest.mark.parametrize("key", NAMES)
def test_names_are_printable(key, text):
    whole = HEAD + LONG + CLAIM + 'run = "mine"'
    with pytest.raises(ConfigError, match=rf"{key}: .*printable"):
        sweep_of(whole.replace(f'{key} = "{NAMES[key]}"', f'{key} = "{text}"'))


@pytest.mark.parametrize("text", ["../../up", "<script>alert(1)</script>", 'it\'s \\"quoted\\"', "$(rm -r .)", "[red]"])
def test_names_may_be_anything_else(text):
    sweep = sweep_of(f'name = "{text}"\ntitle = "{text}"\nnote = """two\nlines"""\n{GRID}')
    assert sweep.name == sweep.runs[0].label == text.replace("\\", "")


def test_names_cannot_be_empty():
    for text in ("", "  "):
        with pytest.raises(ConfigError, match="name"):
            sweep_of(f'name = "{text}"\ntitle = "T"\n{GRID}')


TEN = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
SIZES = f"task.input_size = {TEN}\ntask.output_size = {TEN}"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        # 10⁷ runs, of which no list is made.
        (f"seeds = 1000\n[grid]\nmodel.layers = {TEN}\nmodel.heads = {TEN}\n{SIZES}", "10,000,000"),
        (f"seeds = 101\n[grid]\nmodel.layers = {TEN}\nmodel.heads = {TEN}", "10,100"),
        (f"seeds = 3\n[quick.grid]\ntraining.steps = {list(range(1, 3335))}", "10,002"),
        (f"[[runs]]\nlabel = 'a'\nseeds = 1000\ngrid = {{ model.layers = {TEN} }}\n[[runs]]\nlabel = 'b'", "10,001"),
    ],
)
def test_too_many_runs_are_refused_with_their_number_at_once(text, number):
    before = time.perf_counter()
    with pytest.raises(ConfigError, match=rf"{number} runs.*{MOST_RUNS:,}"):
        sweep_of(HEAD + text)
    assert time.perf_counter() - before < 0.5


def test_as_many_runs_as_are_allowed_are_read():
    assert sweep_of(f"{HEAD}seeds = 100\n[grid]\nmodel.layers = {TEN}\nmodel.heads = {TEN}\n")


def test_a_large_file_is_refused_before_it_is_parsed(tmp_path: Path):
    (tmp_path / "large.toml").write_text("[" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match=r"large\.toml is larger than 1 MB"):
        read_sweep(tmp_path / "large.toml")
    (tmp_path / "whole.toml").write_bytes((HEAD + GRID).encode().ljust(MOST_BYTES, b"\n"))
    assert read_sweep(tmp_path / "whole.toml").name == "mine"


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{ a = " * 100_000,
        "a." * 300_000 + "a = 1",
        "[" + '"a" . ' * 100_000 + "a]",
        "a = " + "1" * 5000,
        HEAD + "settings = { model.layers = 0x" + "f" * 5000 + " }",
        HEAD + "settings = { model.layers = " + "[" * 300 + "]" * 300 + " }",
    ],
    ids=["arrays", "tables", "dotted", "header", "digits", "hexadecimal", "deep"],
)
def test_a_hostile_file_is_refused_in_one_line_at_once(text):
    before = time.perf_counter()
    with pytest.raises(IclError) as caught:
        shapes(text)
    assert time.perf_counter() - before < 2
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1000
