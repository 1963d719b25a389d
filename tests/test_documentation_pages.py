"""What docs/ promises: commands run, examples work, generated parts are up to date, links lead somewhere."""

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from urllib.parse import urlparse

import pytest
from small_runs import TINY

import icl_cli
from icl_cli.cli.main import run
from icl_cli.store import Database, find_run, list_runs
from icl_cli.store.column_meanings import COLUMNS, TABLES
from icl_cli.store.metrics import get_summaries
from icl_cli.store.schema import METADATA

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))


def module_of(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def python_blocks(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def commands() -> list[tuple[str, list[str]]]:
    """Every `icl` command in a console block of a page, and the page; those about added code are tested with it."""
    found = []
    for path in (path for path in PAGES if path.name != "adding.md"):
        for block in re.findall(r"```console\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            lines = [line.split("#")[0] for line in block.splitlines() if line.startswith("icl ")]
            found += [(path.name, shlex.split(line)[1:]) for line in lines]
    return found


def test_every_command_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ICL_DB", raising=False)
    assert run(["train", *TINY, "--quiet"]) == 0
    assert len(commands()) >= 7
    for name, words in commands():
        cheap = {"train": TINY, "compare": ["--no-curves"]}.get(words[0], [])
        assert run([*words, *cheap]) == 0, (name, words)


def test_generated_parts_are_up_to_date(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    for path, text in module_of(ROOT / "docs" / "generate.py").renewed_files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `make documents`"


def test_every_table_and_column_has_its_meaning():
    assert {name: set(COLUMNS[name]) for name in COLUMNS} == {
        one.name: {column.name for column in one.columns} for one in METADATA.tables.values()
    }
    assert set(TABLES) == set(METADATA.tables)


@pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_links_within_the_project_lead_somewhere(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target = urlparse(link)
        if target.scheme:
            continue
        file = path if not target.path else path.parent / target.path
        assert file.exists(), link
        if target.fragment and file.suffix == ".md":
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
            assert target.fragment in anchors, link


def test_every_page_is_linked_from_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in [*PAGES, ROOT / "docs" / "notebook.ipynb"]:
        assert f"(docs/{path.name})" in readme, path.name


def test_the_python_page_works_as_written(tmp_path):
    # In a process of its own: here every shape would be checked, which takes minutes.
    told = (
        "import json\nprint(json.dumps([str(page), float(loss), run.id, losses.shape[1], list(comparisons.baseline)]))"
    )
    (tmp_path / "page.py").write_text("\n".join([*python_blocks(page("python.md")), told]), encoding="utf-8")
    command = [sys.executable, "page.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    *printed, last = done.stdout.splitlines()
    written, loss, run_id, seeds, baselines = json.loads(last)
    assert "Did you mean 'model.layers'?" in printed[-1]
    assert (tmp_path / written).name == "index.html"
    assert (tmp_path / written).exists()
    assert (seeds, set(baselines)) == (2, {"gd", "ridge"})
    with Database.open(tmp_path / "results.db", mode="read") as database:
        losses = [get_summaries(database, one.id)[0].value for one in list_runs(database)]
        assert find_run(database, run_id) is not None
    assert any(loss == pytest.approx(stored, rel=1e-5) for stored in losses)


def test_the_notebook_has_the_cells_of_the_python_page():
    notebook = json.loads(page("notebook.ipynb"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    blocks = [block.strip() for block in python_blocks(page("python.md"))]
    (plot,) = [cell for cell in cells if cell not in blocks]
    assert [cell for cell in cells if cell != plot] == blocks[:-1]
    losses = "import pandas\nlosses = pandas.DataFrame({'a': [1.0, 0.5], 'b': [2.0, 0.25]}, index=[0, 10])"
    drawn = "print(len(axes.lines))"
    command = [sys.executable, "-c", "\n".join([losses, plot, drawn])]
    environment = os.environ | {"MPLBACKEND": "agg"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


def test_the_public_names_are_those_that_are_documented():
    table = page("python.md").split("## All of it")[1]
    documented = set(re.findall(r"`(\w+)", table))
    assert documented == set(icl_cli.__all__)
    assert all(getattr(icl_cli, name) is not None for name in icl_cli.__all__)
    assert set(icl_cli.__all__) <= set(dir(icl_cli))
    assert set(sys.modules["icl_cli.interface"].__all__) == set(icl_cli.__all__)
    modules = {path.stem for path in (ROOT / "icl_cli").iterdir()}
    assert not modules & set(icl_cli.__all__), "an import of the module would hide the name"
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        icl_cli.nothing_of_ours  # noqa: B018
