"""Sweep files: what they say becomes configurations, and what is wrong with them is said in one line."""

from pathlib import Path

import pytest

from icl_cli.conventions import resolve
from icl_cli.errors import IclError
from icl_cli.report.sweep_files import checked_sweep, sweeps_called
from icl_cli.sweeps.catalogue import paper_sweeps
from icl_cli.sweeps.expansion import expand
from icl_cli.sweeps.runs_spec import QUICK_SEEDS
from icl_cli.sweeps.sweep_data import require_judgeable
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.sweeps.sweep_reading import read_sweep

RUNS = """
[[runs]]
label = "looped"
settings = { model.layers = 2, model.recurrent = true }
baselines = ["gd"]
"""
CLAIM = """
[[claims]]
sentence = "It learns."
measure = "loss"
run = "looped"
operator = "<"
bound = 0.2
"""
MINIMAL = f'name = "mine"\ntitle = "Mine"\n{RUNS}'


def sweep_of(tmp_path: Path, text: str) -> Sweep:
    return read_sweep(written(tmp_path, text))


def checked(tmp_path: Path, text: str) -> Sweep:
    return checked_sweep(str(written(tmp_path, text)), quick=False)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def test_what_the_other_tests_break_is_whole(tmp_path):
    assert checked(tmp_path, MINIMAL + CLAIM).name == "mine"


def test_settings_are_those_of_the_command_line(tmp_path):
    sweep = sweep_of(tmp_path, MINIMAL.replace('"Mine"', '"Mine"\nseeds = 3'))
    (point,) = expand(sweep, sweep.runs[0], quick=False)
    expected = {"model.layers": 2, "model.recurrent": True}
    assert [config.identity for config in point.configs] == [
        resolve(None, {**expected, "seed": seed}).config.identity for seed in range(3)
    ]


def test_a_grid_is_every_combination_in_the_order_of_the_file(tmp_path):
    grid = 'grid = { task.context_length = [5, 10], model.attention = [["softmax"], ["linear"]] }\nbaselines'
    sweep = sweep_of(tmp_path, MINIMAL.replace("baselines", grid))
    points = expand(sweep, sweep.runs[0], quick=False)
    found = [(p.configs[0].task.context_length, p.configs[0].model.attention) for p in points]
    assert found == [(5, ("softmax",)), (5, ("linear",)), (10, ("softmax",)), (10, ("linear",))]


def test_quick_runs_take_fewer_steps_and_seeds_of_the_same_task(tmp_path):
    sweep = sweep_of(tmp_path, MINIMAL.replace('"Mine"', '"Mine"\nseeds = 9'))
    (full,), (quick,) = (expand(sweep, sweep.runs[0], quick=each) for each in (False, True))
    assert len(quick.configs) == QUICK_SEEDS
    assert quick.configs[0].training.steps * 10 == full.configs[0].training.steps
    assert (quick.configs[0].task, quick.configs[0].model.layers) == (full.configs[0].task, 2)
    assert quick.configs[0].evaluation.tasks == full.configs[0].evaluation.tasks


def test_quick_settings_of_a_file_win(tmp_path):
    quick = 'quick = { recipe = "paper", settings = { training.steps = 7 } }\nbaselines'
    sweep = sweep_of(tmp_path, MINIMAL.replace("baselines", quick))
    (point,) = expand(sweep, sweep.runs[0], quick=True)
    training = point.configs[0].training
    assert (training.steps, training.learning_rate_decay) == (7, "none")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("name =", "nmae ="), ["'nmae'", "did you mean 'name'"]),
        (
            ('label = "looped"', 'label = "looped"\nbaseline = ["gd"]'),
            ['runs 1 ("looped"): unknown key', "'baselines'"],
        ),
        (("[[runs]]", "[[run]]"), ["'run'", "'runs'"]),
        (('title = "Mine"', "title = 3"), ["title must be text", "3"]),
        (('title = "Mine"', 'title = "Mine"\nseeds = 0'), ["seeds", "0"]),
        (("model.layers = 2", "model.layer = 2"), ["'model.layer'", "'model.layers'"]),
        (("model.layers = 2", "model.layers = 0"), ["model.layers", "0"]),
        (('measure = "loss"', 'measure = "lose"'), ["measure", "'lose'", "'loss'", "cosine"]),
        (('measure = "loss"', 'measure = "cosine"'), ["'cosine'", "'baseline'"]),
        (('measure = "loss"', 'measure = "curve"'), ["'curve'", "'kind'"]),
        (('run = "looped"', 'run = "loped"'), ["'loped'", "looped"]),
        (('operator = "<"', 'operator = "!="'), ["operator", "'<'", "'within'", "!="]),
        (('operator = "<"', 'operator = "within"'), ["upper"]),
        (("bound = 0.2", "bound = nan"), ["bound"]),
        (("bound = 0.2", "bound = 0.2\nupper = 0.3"), ["upper", "within"]),
        (("bound = 0.2", 'bound = "low"'), ["bound", "low"]),
        (
            ("bound = 0.2", "bound = 0.2\nat = { model.layers = 3 }"),
            ['claim 1 ("It learns."), at: { model.layers = 3 } given', "fits 0 of the 1"],
        ),
        (
            ("bound = 0.2", "bound = 0.2\nversus = { run = 'other' }"),
            ['claim 1 ("It learns."), versus.run', "'other'", "looped"],
        ),
        (("bound = 0.2", "bound = 2026-01-01"), ["bound"]),
        (("bound = 0.2", "bound = 0.2\nversus = { at = { model.layers = 7 } }"), [", versus.at: { model.layers = 7 }"]),
        (("bound = 0.2", "bound = 0.2\nversus = { measure = 'lose' }"), [", versus: unknown measure 'lose'"]),
        (("bound = 0.2", "bound = 0.2\nversus = { by = 'ratio' }"), [", versus: ", "compared with itself"]),
        (("bound = 0.2", "bound = 0.2\nversus = { baseline = 'gd' }"), [", versus: 'baseline' given", "'loss'"]),
        (("bound = 0.2", "bound = 0.2\nbaseline = 'gd'"), ["claim 1 (\"It learns.\"): 'baseline' given", "Remove it"]),
        (("bound = 0.2\n", ""), ['claim 1 ("It learns."): bound is missing']),
        (("model.layers = 2", "training.steps = 0"), ["training.steps", "at least 1"]),
        (("model.layers = 2", "task.context_length = 'x'"), ["task.context_length must be a whole number"]),
        (('["gd"]', '["sgd"]'), ["unknown baseline 'sgd'"]),
        (('["gd"]', '"gd"'), ['runs 1 ("looped"), baselines must be a list']),
        (('["gd"]', '["gd"]\nrecipe = "slow"'), ["unknown recipe 'slow'"]),
        (('["gd"]', '["gd"]\nquick.recipe = "fst"'), ["unknown recipe of quick 'fst'", "'fast'"]),
        (('["gd"]', '["gd"]\ngrid = { model.layers = [2, 3] }'), ["'model.layers'", "`settings` and `grid`", "remove"]),
        (('["gd"]', '["gd"]\ngrid = { model.heads = [1, 1] }'), ["grid.model.heads has 1 more than once"]),
        (("[[claims]]", "[claims]"), ["claims must be a list", "[[claims]]"]),
        (('"mine"', '""'), ["name must not be empty, given ''"]),
        (('"Mine"', '"Mine"\n[[figure.panels]]\nkind = "los"'), ['panel 1 ("los"): unknown kind of panel']),
        (('"Mine"', '"Mine"\n[[figure.panels]]\nkind = "shift"\noptions.shift = 1'), ['panel 1 ("shift"): option']),
        (('name = "mine"', "name = "), ["TOML", "line 1"]),
        (('name = "mine"', 'name = "\udcff"'), ["byte 0xff in line 1", "UTF-8"]),
    ],
)
def test_what_is_wrong_is_named(change, named, tmp_path):
    with pytest.raises(IclError) as caught:
        checked(tmp_path, (MINIMAL + CLAIM).replace(*change))
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "mine.toml"))
    assert "\n" not in message
    assert not [word for word in named if word not in message], message


def test_a_file_without_runs_and_one_with_labels_twice_are_refused(tmp_path):
    for text, named in (('name = "a"\ntitle = "A"\nruns = []', "none"), (MINIMAL + RUNS, "once")):
        with pytest.raises(IclError, match=named):
            sweep_of(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(IclError, match=r"none\.toml"):
        read_sweep(tmp_path / "none.toml")


@pytest.mark.parametrize("name", ["fig3a", "fig03a", "3a", "Figure 3a", "FIG3A"])
def test_figures_are_found_however_they_are_spelt(name):
    assert {called: sweep.name for called, sweep in sweeps_called([name], quick=False).items()} == {name: "fig03a"}


def test_an_unknown_figure_names_the_known_ones():
    with pytest.raises(IclError, match=r"'fig17'.*fig01 to fig16.*\.toml"):
        checked_sweep("fig17", quick=False)


@pytest.mark.parametrize("sweep", paper_sweeps(), ids=lambda sweep: sweep.name)
def test_every_figure_of_the_paper_is_complete(sweep):
    require_judgeable(sweep, quick=False)
    assert sweep.figure.panels
    assert sweep.claims
    assert "Figure" in sweep.source
    assert all(claim.source for claim in sweep.claims)
    for runs in sweep.runs:
        for quick in (False, True):
            assert expand(sweep, runs, quick)


def test_the_paper_has_its_figures():
    numbers = sorted({int(sweep.name[3:5]) for sweep in paper_sweeps()})
    assert numbers == list(range(1, 17))
