"""`icl --help` against the help of a program that has nothing but Typer, each in a fresh process."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from measure import Action, Effort, side_by_side
from rows import Row, Target
from storage import ICL

BARE = """
import typer

app = typer.Typer()


@app.command()
def greet(name: str = "world", loud: bool = False) -> None:
    print(f"Hello, {name}")


app()
"""

LIMIT = Target("≤", 1.5)
ROUNDS = 15


def measure(effort: Effort) -> list[Row]:
    """Milliseconds from start to exit; the ratio is the product's time over the bare program's."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bare.py"
        script.write_text(BARE)
        commands = {"bare Typer": [sys.executable, str(script)], "product": [sys.executable, "-c", ICL]}
        actions = {name: _runs([*command, "--help"]) for name, command in commands.items()}
        taken = side_by_side(actions, effort if effort.quick else replace(effort, rounds=ROUNDS))
    milliseconds = {name: sample.times(1000) for name, sample in taken.items()}
    ratio = milliseconds["product"].median / milliseconds["bare Typer"].median
    return [
        Row("startup", "--help", "bare Typer", milliseconds["bare Typer"], "ms"),
        Row("startup", "--help", "product", milliseconds["product"], "ms", ratio, LIMIT),
    ]


def _runs(command: Sequence[str]) -> Action:
    def run(count: int) -> None:
        for _ in range(count):
            subprocess.run(command, check=True, capture_output=True)

    return run
