"""Run the benchmarks: all, or those that are named.

    python benchmarks/run.py [training growth tuning comparison startup memory storage] [--quick]

Prints a table each, and writes CSV and one figure.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import comparison
import figure
import growth
import machine
import memory
import pandas as pd
import startup
import storage
import training
import tuning
import typer
from measure import FULL, QUICK, Effort, Sample
from rich.console import Console
from rows import Row, Target, table, write

from icl_cli.training.devices import use_cores

WIDTH = 80
RESULTS = Path(__file__).parent / "results"


def measure_storage(effort: Effort) -> list[Row]:
    """Seconds of `storage.measure`; ratios are the share of each bound."""
    found = storage.measure(20, 1000) if effort.quick else storage.measure()
    return [
        Row(
            "storage",
            each["name"],
            "product",
            Sample((each["seconds"],)),
            "s",
            each["seconds"] / each["bound"] if each["bound"] else None,
            Target("≤", 1) if each["bound"] else None,
        )
        for each in found
    ]


# What to measure, and what its ratios mean.
BENCHMARKS: Mapping[str, tuple[Callable[[Effort], list[Row]], str]] = {
    "training": (training.measure, "ratio: speed over plain"),
    "growth": (growth.measure, "ratio: time per doubling"),
    "tuning": (tuning.measure, "ratio: time over the product's"),
    "comparison": (comparison.measure, "one run with GD and curves"),
    "startup": (startup.measure, "ratio: time over a bare Typer program"),
    "memory": (memory.measure, "peak resident memory; ratio: see case"),
    "storage": (measure_storage, "ratio: time over what is allowed"),
}


def run(names: list[str], effort: Effort, folder: Path, console: Console) -> None:
    """Measure and print each of `names`, and write what `folder` then holds as a figure."""
    for name in names:
        measure, meaning = BENCHMARKS[name]
        rows = measure(effort)
        console.print(table(rows, f"{name} ({meaning})"), "")
        write(rows, folder / f"{name}.csv")
    facts = machine.facts()
    pd.DataFrame(facts.items(), columns=["fact", "value"]).to_csv(folder / "machine.csv", index=False)
    console.print("Measured on: " + "; ".join(f"{fact} {value}" for fact, value in facts.items()), highlight=False)
    paths = figure.write_figure(_all_results(folder), folder)
    console.print("Written:", *(str(path) for path in paths), f"and the tables beside as CSV, in {folder}")


def _all_results(folder: Path) -> pd.DataFrame:
    """The rows of all benchmarks that `folder` has, also those of earlier calls."""
    paths = [folder / f"{name}.csv" for name in BENCHMARKS]
    return pd.concat([pd.read_csv(path, keep_default_na=True) for path in paths if path.exists()], ignore_index=True)


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(BENCHMARKS)}. (default: all)")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Tiny sizes, to see that everything runs.")] = False,
    output: Annotated[Path | None, typer.Option(help="Where results go. (default: results, beside this)")] = None,
) -> None:
    """Measure how fast icl is, beside a plain implementation."""
    chosen = names or list(BENCHMARKS)
    if unknown := set(chosen) - set(BENCHMARKS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: not among {', '.join(BENCHMARKS)}.")
    use_cores()
    # Numbers that mean nothing must not replace those that do.
    folder = output or (RESULTS / "quick" if quick else RESULTS)
    run(chosen, QUICK if quick else FULL, folder, Console(width=WIDTH))


if __name__ == "__main__":
    typer.run(main)
