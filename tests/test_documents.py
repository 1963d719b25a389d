"""What the documents promise: the README's commands run, the notation's names exist."""

import re
import shlex
from pathlib import Path

from small_runs import TINY

from icl_cli.baselines import BASELINES
from icl_cli.cli.exit_codes import DONE, NOTHING_MATCHED
from icl_cli.cli.main import run
from icl_cli.notation import NOTATION
from icl_cli.report.paper_figure import check_figure
from icl_cli.sweeps.reproduction import require_reproducible
from icl_cli.sweeps.sweep_reading import read_sweep

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def readme_commands() -> list[list[str]]:
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0] for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("icl ")]


def test_the_readmes_examples_run_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ICL_DB", raising=False)
    (tmp_path / "tiny.toml").write_text(tiny_sweep(), encoding="utf-8")
    (tmp_path / "lengths.toml").write_text(readmes_sweep(), encoding="utf-8")
    commands = readme_commands()
    assert len(commands) == 26
    for words in commands:
        # None of these runs is one of the paper's, so that none of its claims can be judged.
        assert run(made_tiny(words)) == (NOTHING_MATCHED if words == ["claims"] else DONE), words
    assert (tmp_path / "icl-report" / "index.html").exists()
    assert (tmp_path / "icl-report" / "paper.html").exists()


def made_tiny(words: list[str]) -> list[str]:
    """The command on runs that train in a second: its figures are those of a tiny sweep."""
    if words[0] == "reproduce" and "--list" not in words:
        return ["reproduce", "tiny.toml", *(word for word in words[1:] if word == "--quick")]
    if words[:2] == ["sweep", "run"]:
        return ["sweep", "run", "tiny.toml", *words[3:]]
    # Contexts of another size are in the name.
    named = [word.replace("linear-1-layer", "linear-1-layer-N5-d3") for word in words]
    return [*named, *(TINY if words[0] == "train" else [])]


def readmes_sweep() -> str:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    return block


def guides_sweep() -> str:
    (block,) = re.findall(r"```toml\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
    return block


def tiny_sweep() -> str:
    """The guide's sweep with tiny runs, and without its claim, which holds of whole ones."""
    tiny = (
        "model.layers = 1, training.steps = 20, training.batch_size = 32, evaluation.tasks = 100, task.input_size = 3"
    )
    quick = 'quick = { recipe = "paper", settings = { training.steps = 10 } }\nbaselines'
    runs = guides_sweep().split("[[claims]]")[0]
    # Programs of the size that the examples before it have compiled.
    small = runs.replace("[10, 20]", "[4, 5]").replace("seeds = 3", "seeds = 1")
    return small.replace("model.layers = 1", tiny).replace("baselines", quick, 1)


def test_the_contributing_guides_sweep_can_be_reproduced(tmp_path):
    (tmp_path / "widths.toml").write_text(guides_sweep(), encoding="utf-8")
    sweep = read_sweep(tmp_path / "widths.toml")
    for quick in (False, True):
        require_reproducible(sweep, quick)
    check_figure(sweep.figure)
    assert len(sweep.claims) == 1


def test_the_readmes_sweep_can_be_run(tmp_path):
    (tmp_path / "lengths.toml").write_text(readmes_sweep(), encoding="utf-8")
    sweep = read_sweep(tmp_path / "lengths.toml")
    require_reproducible(sweep, quick=False)
    assert (len(sweep.claims), len(readmes_sweep().splitlines())) == (1, 15)


def test_the_readmes_make_targets_exist_and_ci_runs_its_test_command():
    targets = re.findall(r"^(make ([\w-]+)) +#", README, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [target for _, target in targets] == ["demo", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for _, target in targets)
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_lists_every_baseline_and_package():
    assert all(f"`{name}`" in README for name in BASELINES)
    packages = [path.name for path in (ROOT / "icl_cli").iterdir() if (path / "__init__.py").exists()]
    assert all(f"  {name}/ " in README for name in packages)


def test_the_names_of_the_notation_table_are_used():
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "icl_cli").rglob("*.py") if path.name != "notation.py"
    )
    for symbol in NOTATION:
        for name in symbol.name.split(", "):
            word = name.split(" ")[0]
            assert re.search(rf"\b{word}", code), f"{symbol.symbol}: {name}"


def test_the_project_names_no_machine():
    for path in [*ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml", *(ROOT / "icl_cli").rglob("*.py")]:
        assert not re.search(r"(?<![\w.~])/(?:home|root|Users)/", path.read_text(encoding="utf-8")), path
