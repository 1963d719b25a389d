"""How fast a large database answers, what storing costs a training, and how much memory a training takes.

    python benchmarks/storage.py [--runs 10000] [--metrics 10000000] [--database FILE]

Every command runs in a fresh process, as users run it; medians of five rounds in which all of them take turns, so that
a slow moment of the machine falls on all. Making a database of ten million rows takes about a minute and 2.2 GB;
--database names a file to keep and to use again.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from large_database import build
from rich.console import Console
from rich.table import Table

from icl_cli.config import RunConfig
from icl_cli.conventions import resolve
from icl_cli.store import Claimant, Database, claim_run, current_owner
from icl_cli.sweeps.recorder import StoreRecorder
from icl_cli.training import Report, train

Row = dict[str, Any]

ROUNDS = 5
SECONDS_BEYOND_IMPORTS = 0.5
LARGEST_SHARE = 0.02

# What the runs are called that a large database is given to compare and to report.
NEWCOMERS = "newcomers"

ICL = "from icl_cli.cli.main import main; main()"
# What every command that reads the database imports, whatever the database holds.
IMPORTS = "import icl_cli.cli.main, icl_cli.report.tables, icl_cli.store, rich.console, sqlalchemy.dialects.sqlite"


class Forgetful:
    """A recorder that keeps nothing: the training that storing is compared with."""

    def record(self, report: Report) -> None:
        """Ignored."""

    def progress(self, step: int, loss: float) -> None:
        """Ignored."""


class Timed(StoreRecorder):
    """The recorder of `icl train`, with a stop-watch."""

    seconds = 0.0

    def keep(self) -> None:
        """Store, and add the time that it took."""
        before = time.perf_counter()
        super().keep()
        self.seconds += time.perf_counter() - before


def measure(runs: int = 10_000, metrics: int = 10_000_000, database: Path | None = None) -> list[Row]:
    """Every measurement: dictionaries with "name", "seconds" and "bound" (seconds, or None)."""
    with tempfile.TemporaryDirectory() as folder:
        path = database or Path(folder) / "large.db"
        if not path.exists():
            build(path, runs, metrics)
        return [*measure_commands(path), *measure_reports(path), *measure_recording()]


def measure_commands(database: Path) -> list[Row]:
    """Seconds of commands that read; the bound of each is that of the bare imports and half a second."""
    commands = {"imports alone": [sys.executable, "-c", IMPORTS]}
    for words in _commands(database):
        commands[f"icl {' '.join(words)}"] = [*_icl(words), "--db", str(database)]
    taken = _in_turns({name: lambda command=command: _seconds(command) for name, command in commands.items()})
    bound = taken["imports alone"] + SECONDS_BEYOND_IMPORTS
    return [_row(name, seconds, None if name == "imports alone" else bound) for name, seconds in taken.items()]


def measure_reports(database: Path) -> list[Row]:
    """Seconds of comparing and reporting three runs that are stored among all others, and in a database of their own.

    The bound of the former is the latter and half a second. What is measured once is read back, as by every call but
    the first.
    """
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / "alone.db"
        _output([*_icl(["train", "--seeds", "3", "--recipe", "fast", "--name", NEWCOMERS]), "--db", str(alone)])
        _output([*_icl(["compare", NEWCOMERS, "--baseline", "gd"]), "--db", str(alone)])
        _output(_icl(["db", "copy", str(alone), str(database)]))
        commands = {
            "icl compare": ["compare", NEWCOMERS, "--baseline", "gd"],
            "icl report": ["report", NEWCOMERS, "--output", str(Path(folder) / "report")],
        }
        clocks = {
            f"{name} {where}": lambda words=words, path=path: _seconds([*_icl(words), "--db", str(path)])
            for name, words in commands.items()
            for where, path in (("alone", alone), ("among all", database))
        }
        taken = _in_turns(clocks)
    rows = []
    for name in commands:
        bound = taken[f"{name} alone"] + SECONDS_BEYOND_IMPORTS
        rows += [
            _row(f"{name} alone", taken[f"{name} alone"]),
            _row(f"{name} among all", taken[f"{name} among all"], bound),
        ]
    return rows


def measure_recording(steps: int = 5000, rounds: int = 3) -> list[Row]:
    """Seconds of trainings that store and that do not, in turns, and of the calls that store.

    The last is the exact one: the difference of two trainings of many seconds is lost in their own spread.
    """
    config = resolve("paper-code", {"training.steps": steps}).config
    # Compiles the program, which all trainings of this process share.
    train(resolve("paper-code", {"training.steps": steps, "seed": rounds}).config, Forgetful())
    configs = iter([config.model_copy(update={"seed": seed}) for seed in range(rounds)])
    storing: list[float] = []
    taken = _in_turns(
        {
            "training that keeps nothing": lambda: _timed(lambda: train(config, Forgetful())),
            "training that stores": lambda: _timed(lambda: storing.append(_store(next(configs)))),
        },
        rounds,
    )
    rows = [_row(name, seconds) for name, seconds in taken.items()]
    return [*rows, _row("storing", median(storing), LARGEST_SHARE * taken["training that keeps nothing"])]


def peak_memory(steps: Sequence[int] = (500, 5000)) -> dict[int, float]:
    """MiB that `icl train` takes at most, by the number of its steps; a leak would grow with them."""
    with tempfile.TemporaryDirectory() as folder:
        return {count: _peak(count, Path(folder)) for count in sorted(steps)}


def _commands(database: Path) -> list[list[str]]:
    listed = _output([*_icl(["runs", "list", "--limit", "5", "--json"]), "--db", str(database)])
    first, second, *_ = (run["id"][:8] for run in json.loads(listed)["data"])
    name = json.loads(listed)["data"][-1]["name"]
    return [
        ["runs", "list"],
        ["runs", "list", "--limit", "5", "--json"],
        *(["runs", "show", reference] for reference in (first, name, "latest")),
        ["runs", "diff", first, second],
        ["sweep", "status"],
    ]


def _icl(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", ICL, *words]


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _seconds(command: Sequence[str]) -> float:
    return _timed(lambda: _output(command))


def _timed(action: Callable[[], object]) -> float:
    before = time.perf_counter()
    action()
    return time.perf_counter() - before


def _in_turns(clocks: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median of what each clock says; all of them once a round."""
    taken = [{name: clock() for name, clock in clocks.items()} for _ in range(rounds)]
    return {name: median(each[name] for each in taken) for name in clocks}


def _store(config: RunConfig) -> float:
    """Train and store as `icl train` does; the seconds spent storing."""
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "results.db", mode="create") as database:
        claimed = claim_run(database, config, Claimant(current_owner()), name="timed")
        recorder = Timed(database, claimed.run, None, lambda: None)
        train(config, recorder)
        return recorder.seconds


def _peak(steps: int, folder: Path) -> float:
    # In a process of its own, because the peak of all children of this one is what the system tells.
    words = ["train", "--steps", str(steps), "--db", str(folder / f"{steps}.db")]
    asked = f"import resource, subprocess; subprocess.run({_icl(words)!r}, check=True, capture_output=True)"
    printed = f"{asked}; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    return float(_output([sys.executable, "-c", printed])) / 1024


def _row(name: str, seconds: float, bound: float | None = None) -> Row:
    return {"name": name, "seconds": seconds, "bound": bound}


def _table(rows: Iterable[Row]) -> Table:
    table = Table("Measured", "Seconds", "Bound", "", box=None, pad_edge=False)
    for row in rows:
        bound = row["bound"]
        verdict = "" if bound is None else "ok" if row["seconds"] <= bound else "TOO SLOW"
        table.add_row(row["name"], f"{row['seconds']:.3f}", "" if bound is None else f"{bound:.3f}", verdict)
    return table


def main(
    runs: Annotated[int, typer.Option(help="Runs in the database.")] = 10_000,
    metrics: Annotated[int, typer.Option(help="Rows of their time series.")] = 10_000_000,
    database: Annotated[Path | None, typer.Option(help="A database to keep, or one kept before.")] = None,
) -> None:
    """Measure, and print a table."""
    rows = measure(runs, metrics, database)
    Console().print(_table(rows))
    seconds = {row["name"]: row["seconds"] for row in rows}
    share = seconds["storing"] / seconds["training that keeps nothing"]
    print(f"Storing takes {share:.2%} of the training time; allowed are {LARGEST_SHARE:.0%}.")
    for steps, mebibytes in peak_memory().items():
        print(f"Peak memory of icl train, {steps} steps: {mebibytes:.0f} MiB.")


if __name__ == "__main__":
    typer.run(main)
