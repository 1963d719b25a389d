"""Every file under sweeps/ is one that users can start from: its runs, figure and claims can be made."""

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from icl_cli.cli.main import run
from icl_cli.errors import ConfigError
from icl_cli.report.paper_figure import check_figure
from icl_cli.sweeps.expansion import expand
from icl_cli.sweeps.file_schema import file_schema
from icl_cli.sweeps.reproduction import require_reproducible
from icl_cli.sweeps.sweep_reading import parse_sweep, read_sweep

FOLDER = Path(__file__).parent.parent.parent / "sweeps"
FILES = sorted(FOLDER.rglob("*.toml"))
SAMPLES = ["attention", "context_length", "dataset_size", "depth", "heads", "recurrence"]
VALIDATOR = Draft202012Validator(file_schema())


def test_the_samples_are_there():
    assert sorted(path.stem for path in FOLDER.glob("*.toml")) == SAMPLES
    assert len(FILES) == len(SAMPLES) + 17


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_can_be_expanded_drawn_and_judged(path):
    sweep = read_sweep(path)
    assert sweep.name == path.stem
    check_figure(sweep.figure)
    for quick in (False, True):
        require_reproducible(sweep, quick)
        for runs in sweep.runs:
            points = expand(sweep, runs, quick)
            identities = [config.identity for point in points for config in point.configs]
            assert len(set(identities)) == len(identities) > 0


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_asks_a_question_with_seeds_and_claims(name):
    sweep = read_sweep(FOLDER / f"{name}.toml")
    assert len(sweep.runs) == 1
    assert len(expand(sweep, sweep.runs[0], quick=False)) >= 4
    assert len(sweep.seeds_of(sweep.runs[0], quick=False)) >= 5
    assert sweep.runs[0].baselines
    assert 2 <= len(sweep.claims) <= 4
    assert sweep.figure.panels
    assert sweep.note
    assert sweep.source
    assert all(claim.source for claim in sweep.claims)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_fits_the_schema_and_names_it(path):
    VALIDATOR.validate(tomllib.loads(path.read_text(encoding="utf-8")))
    directive, name = path.read_text(encoding="utf-8").splitlines()[0].split()
    assert directive == "#:schema"
    assert (path.parent / name).resolve() == FOLDER / "sweep.schema.json"


def test_the_schema_in_the_folder_is_the_one_that_the_command_prints(capfd):
    assert run(["sweep", "schema"]) == 0
    assert capfd.readouterr().out == (FOLDER / "sweep.schema.json").read_text(encoding="utf-8")
    Draft202012Validator.check_schema(json.loads((FOLDER / "sweep.schema.json").read_text(encoding="utf-8")))


DEPTH = (FOLDER / "depth.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seeds = 5", "seeds = 0"),
        ("seeds = 5", "seed = 5"),
        ("model.layers = [1, 2, 3, 4, 5]", "model.layers = 3"),
        ("model.layers = [1, 2, 3, 4, 5]", "model.layers = []"),
        ("model.layers = [1, 2, 3, 4, 5]", "model.layer = [1]"),
        ("model.layers = [1, 2, 3, 4, 5]", "model.layers = [0]"),
        ("at = { model.layers = 2 }", "at = { model.layrs = 2 }"),
        ("bound = 0.5", "bound = 'a half'"),
        ("[grid]", "[[include]]\nmodel.hads = 2\n[grid]"),
        ("[grid]", "[[exclude]]\n[grid]"),
        ("[grid]", "[quick]\nrecpe = 'fast'\n[grid]"),
        ("[grid]", "[[runs]]\nlabel = 'depth'\n[grid]"),
    ],
)
def test_the_schema_refuses_what_reading_refuses(old, new):
    wrong = DEPTH.replace(old, new, 1)
    assert wrong != DEPTH
    with pytest.raises(ConfigError):
        expand(sweep := parse_sweep(wrong.encode(), "depth.toml"), sweep.runs[0], quick=False)
    assert not VALIDATOR.is_valid(tomllib.loads(wrong))
