"""docs/adding.md is followed word by word, in a copy of the package: files written, lines changed, commands run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas
import pytest
from small_runs import TINY

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
SHORT = "[settings]\ntraining = { steps = 40, batch_size = 32 }\nevaluation = { tasks = 100, points = 5 }\n\n[grid]"

# Runs every command and, in the same process, keeps what tests compare with NumPy.
FOLLOW = """
import json
import sys
import numpy as np
from icl_cli.cli.main import run

for words in json.load(sys.stdin):
    assert run(words) == 0, words

from icl_cli.baselines import Problem
from icl_cli.baselines.spectral import tuning_episodes
from icl_cli.config import RunConfig
from icl_cli.store import Database, list_comparisons, list_runs, store_comparisons
from icl_cli.store.frames import comparisons_frame, metrics_frame
from icl_cli.tasks import held_out_columns, held_out_episodes

with Database.open("results.db", mode="read") as database:
    runs = {run.name: run for run in list_runs(database)}
    for run in runs.values():
        assert RunConfig.from_json(run.config.to_json()) == run.config
    metrics_frame(database, [run.id for run in runs.values()]).to_csv("metrics.csv")
    names = {run.id: run.name for run in runs.values()}
    compared = comparisons_frame(database, list(names))
    compared.assign(run=[names[run_id] for run_id in compared["run_id"]]).to_csv("comparisons.csv")
arrays = {}
for name in ("shrunk", "squares"):
    config = runs[name].config
    drawn = {
        "held_out": held_out_episodes(config),
        "columns": held_out_columns(config).episodes,
        "tuning": tuning_episodes(Problem.of_run(config)),
    }
    for label, episodes in drawn.items():
        x, y = episodes.context.inputs, episodes.context.targets
        leaves = dict(x=x, y=y, q=episodes.query, t=episodes.target)
        arrays |= {f"{name}_{label}_{key}": leaf for key, leaf in leaves.items()}
arrays["half_width"] = runs["squares"].config.task.input_half_width
np.savez("numbers.npz", **arrays)
"""


class Followed(NamedTuple):
    """A folder in which the page was followed."""

    folder: Path

    def episodes(self, run: str, label: str) -> tuple[np.ndarray, ...]:
        """x, y, query and target of many episodes, in float64."""
        with np.load(self.folder / "numbers.npz") as numbers:
            x, y, query, target = (numbers[f"{run}_{label}_{key}"].astype(np.float64) for key in "xyqt")
        return x, y, query, target

    def loss(self, run: str, baseline: str) -> float:
        """The stored loss of a baseline at the end."""
        rows = pandas.read_csv(self.folder / "comparisons.csv")
        chosen = rows[(rows["run"] == run) & (rows["baseline"] == baseline) & (rows["measure"] == "baseline_loss")]
        return float(chosen["value"].iloc[-1])


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def write_files(folder: Path) -> None:
    """Each Python block, at the path that the step above it names."""
    steps = re.findall(r"Write `(icl_cli/[\w/]+\.py)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(steps) == len(blocks("python"))
    for path, text in steps:
        assert not (folder / path).exists()
        (folder / path).write_text(text, encoding="utf-8")


def change_lines(folder: Path) -> None:
    for block in blocks("diff"):
        head, *lines = block.splitlines()
        path = folder / head.removeprefix("--- ")
        old, new = ("".join(f"{line[1:]}\n" for line in lines if line[:1] in kept) for kept in (" -", " +"))
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, block
        path.write_text(text.replace(old, new), encoding="utf-8")


def commands() -> list[list[str]]:
    lines = [line for block in blocks("console") for line in block.splitlines()]
    words = [shlex.split(line)[1:] for line in lines]
    return [[*one, *(TINY if one[0] == "train" else [])] for one in words]


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "icl_cli", folder / "icl_cli", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "sweeps", folder / "sweeps")
    write_files(folder)
    change_lines(folder)
    (sweep,) = blocks("toml")
    (folder / "norms.toml").write_text(sweep.replace("[grid]", SHORT), encoding="utf-8")
    (folder / "follow.py").write_text(FOLLOW, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "ICL_DB"}
    command = [sys.executable, "follow.py"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | {"PYTHONPATH": str(folder)},
        input=json.dumps(commands()),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return Followed(folder)


def test_the_page_trains_compares_plots_and_reports(followed):
    assert {words[0] for words in commands()} == {"train", "compare", "plot", "report", "reproduce"}
    text = (followed.folder / "icl-report" / "index.html").read_text(encoding="utf-8")
    assert "squares" in text
    assert "task.power" in text
    drawn = {path.name.split("-")[0] for path in (followed.folder / "icl-plots").glob("*.png")}
    assert drawn == {"losses", "gradient"}


def test_the_added_baseline_is_tuned_and_measured_as_with_numpy(followed):
    _, y, _, target = followed.episodes("shrunk", "tuning")
    factor = (y.mean(axis=1) * target).sum() / (y.mean(axis=1) ** 2).sum()
    _, y, _, target = followed.episodes("shrunk", "held_out")
    expected = ((factor * y.mean(axis=1) - target) ** 2).sum(axis=1).mean() / 2
    assert followed.loss("shrunk", "shrunk-mean") == pytest.approx(expected, rel=1e-4)


def test_the_added_task_draws_squares_in_both_forms(followed):
    x, y, query, target = followed.episodes("squares", "held_out")
    for one, other in zip(followed.episodes("squares", "columns"), (x, y, query, target), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    for inputs, targets, own_query, own_target in zip(x, y, query, target, strict=True):
        teacher, *_ = np.linalg.lstsq(inputs**2, targets, rcond=None)
        np.testing.assert_allclose(own_query**2 @ teacher, own_target, atol=1e-4)
    with np.load(followed.folder / "numbers.npz") as numbers:
        assert np.abs(x).max() <= numbers["half_width"]


def test_gradient_descent_is_tuned_on_episodes_of_the_added_task(followed):
    def gradients(x: np.ndarray, y: np.ndarray, query: np.ndarray) -> np.ndarray:
        return np.einsum("bno,bni,bi->bo", y, x, query) / x.shape[1]

    *context, target = followed.episodes("squares", "tuning")
    found = gradients(*context)
    rate = (found * target).sum() / (found**2).sum()
    *context, target = followed.episodes("squares", "held_out")
    expected = ((rate * gradients(*context) - target) ** 2).sum(axis=1).mean() / 2
    assert followed.loss("squares", "gd") == pytest.approx(expected, rel=1e-3)


def test_the_added_panel_shows_the_stored_norms(followed):
    (data,) = (path for path in (followed.folder / "figures").rglob("*.csv") if "norms" in path.name)
    shown = pandas.read_csv(data)
    stored = pandas.read_csv(followed.folder / "metrics.csv")
    norms = stored[stored["name"] == "gradient_norm"].groupby("run_id")["value"].apply(np.array)
    assert any(len(one) == len(shown) and np.allclose(one, shown["value"], rtol=1e-6) for one in norms)
