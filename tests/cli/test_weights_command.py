"""icl weights as a user meets it: files that NumPy and safetensors read without icl."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from small_runs import TINY

from icl_cli.cli.main import run
from icl_cli.store import Database, list_snapshot_steps, rename_runs, resolve_runs

DOCUMENT = Path(__file__).parents[2] / "docs" / "weights.md"


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """A database with two seeds, made once."""
    path = tmp_path_factory.mktemp("template") / "results.db"
    assert run(["train", *TINY, "--seeds", "2", "--name", "pair", "--db", str(path)]) == 0
    return path


@pytest.fixture
def trained(icl, template, tmp_path):
    shutil.copy(template, tmp_path)
    return icl


def exported(result) -> list[Path]:
    assert result.code == 0, result
    return [Path(line) for line in result.out.splitlines()]


def read(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name != "icl"}, json.loads(str(file["icl"]))
    with safe_open(path, framework="numpy") as file:
        names = file.keys()
        return {name: file.get_tensor(name) for name in names}, json.loads(file.metadata()["icl"])


def stored_model(of, step):
    """The model that icl itself makes of its database."""
    from icl_cli.sweeps.stored_models import load_model

    with Database.open("results.db", mode="read") as database:
        return load_model(database, of, step)


@pytest.mark.parametrize("format", ["safetensors", "npz"])
def test_files_hold_the_models_arrays_and_say_what_they_are(trained, format):
    paths = exported(trained("weights", "export", "--format", format, "--at", "all", "--output", "out"))
    with Database.open("results.db", mode="read") as database:
        runs = resolve_runs(database, "pair")
        expected = [(each, step) for each in runs for step in list_snapshot_steps(database, each.id)]
    assert len(paths) == len(expected) > 2
    for path, (each, step) in zip(paths, expected, strict=True):
        arrays, about = read(path)
        assert about["config"] == each.config.model_dump(mode="json")
        assert (about["run"], about["name"], about["seed"], about["step"]) == (each.id, "pair", each.seed, step)
        assert path == Path("out") / f"pair-seed-{each.seed}-{each.short_id}-step-{step}.{format}"
        attention = stored_model(each, step).blocks[0].attention
        assert set(arrays) == {f"blocks.0.attention.{name}" for name in ("key", "query", "value", "projection")}
        for name in ("key", "query", "value", "projection"):
            np.testing.assert_array_equal(arrays[f"blocks.0.attention.{name}"], np.asarray(getattr(attention, name)))


@pytest.mark.parametrize("format", ["safetensors", "npz"])
def test_the_same_weights_are_the_same_bytes(trained, format):
    first = exported(trained("weights", "export", "--format", format, "--output", "a"))
    second = exported(trained("weights", "export", "--format", format, "--output", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert exported(trained("weights", "export", "--format", format, "--output", "a")) == first


def test_the_document_reads_a_file_in_three_lines_without_icl(trained, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert [sum(map(bool, block.splitlines())) for block in blocks] == [3, 3]
    for format, block in zip(("safetensors", "npz"), blocks, strict=True):
        (path, _) = exported(trained("weights", "export", "--format", format))
        path.rename(f"weights.{format}")
        code = f"{block}print(sorted(arrays), about['step'], about['config']['model']['layers'])\n"
        code += "import sys; assert not any(name.startswith(('icl', 'jax')) for name in sys.modules)"
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        names = [f"blocks.0.attention.{name}" for name in ("key", "projection", "query", "value")]
        assert said == f"{names} 40 1\n"


def test_another_content_is_never_overwritten(trained):
    (path, _) = exported(trained("weights", "export"))
    path.write_bytes(b"mine")
    result = trained("weights", "export")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "exists and holds something else" in result.err
    assert path.read_bytes() == b"mine"


def test_a_name_leads_to_no_other_folder(trained, tmp_path):
    with Database.open("results.db", mode="write") as database:
        rename_runs(database, [each.id for each in resolve_runs(database, "pair")], "../../größe; rm *")
    paths = exported(trained("weights", "export", "--output", "out"))
    assert all(path.parent == Path("out") for path in paths)
    assert all(re.fullmatch(r"gr-e-rm-seed-\d-[0-9a-f]{8}-step-40\.safetensors", path.name) for path in paths)


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["--format", "pickle"], 2, ["pickle", "safetensors", "npz"]),
        (["--at", "first"], 2, ["first", "last", "all"]),
        (["--at", "-1"], 2, ["-1"]),
        (["--at", "7"], 4, ["7", "Stored steps: 0,"]),
        (["nobody"], 4, ["nobody"]),
        (["--where", "layers=9"], 4, ["layers=9"]),
        (["--output", "results.db"], 1, ["--output"]),
    ],
)
def test_bad_requests_are_one_line_and_write_nothing(trained, tmp_path, words, code, named):
    before = sorted(file.name for file in tmp_path.iterdir())
    result = trained("weights", "export", *words)
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1), result
    assert all(word in result.err for word in named)
    assert sorted(file.name for file in tmp_path.iterdir()) == before


def test_conditions_choose_among_all_runs(trained):
    trained("train", *TINY, "--label-noise", "0.1", "--name", "noisy")
    (path,) = exported(trained("weights", "export", "--where", "label_noise>0"))
    assert path.name.startswith("noisy-seed-0-")
    assert len(exported(trained("weights", "export", "--where", "seed<9"))) == 3


def test_altered_weights_are_refused(trained):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect("results.db")) as connection:
        connection.execute("UPDATE snapshots SET weights = x'00'")
        connection.commit()
    result = trained("weights", "export")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert "altered" in result.err


@pytest.mark.parametrize(("chosen", "shown"), [((), "latest"), (("pair",), "pair")])
def test_the_hint_means_the_runs_whose_weights_were_written(trained, chosen, shown):
    assert f"Next: icl runs show {shown}\n" in trained("weights", "export", *chosen).err
