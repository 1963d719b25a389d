"""What a benchmark finds: rows, printed as tables that fit 80 columns and kept as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from measure import Sample
from rich.table import Table

STEP = "ms/step"


@dataclass(frozen=True)
class Target:
    """A bound that a ratio should keep."""

    sign: Literal["≥", "≤"]
    bound: float

    def met(self, ratio: float) -> bool:
        """Whether `ratio` keeps it."""
        return ratio >= self.bound if self.sign == "≥" else ratio <= self.bound

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"


@dataclass(frozen=True)
class Row:
    """One implementation in one case.

    **Fields**: `sample` in `unit`; `ratio` and its `target`, whose meaning is the benchmark's; `note` is what was found
    while measuring; `variable` and `value` are what grows, in benchmarks of growth.
    """

    benchmark: str
    case: str
    implementation: str
    sample: Sample
    unit: str
    ratio: float | None = None
    target: Target | None = None
    note: str = ""
    variable: str = ""
    value: int | None = None

    @property
    def title(self) -> str:
        """The case, with the value of what grows."""
        return f"{self.case}, {self.variable}={self.value}" if self.variable else self.case

    def record(self) -> dict[str, Any]:
        """The row as the CSV has it."""
        return {
            "benchmark": self.benchmark,
            "case": self.case,
            "variable": self.variable,
            "value": self.value,
            "implementation": self.implementation,
            "median": self.sample.median,
            "minimum": self.sample.minimum,
            "spread": self.sample.spread,
            "rounds": len(self.sample.rounds),
            "unit": self.unit,
            "ratio": self.ratio,
            "target": self.target,
            "met": None if self.target is None or self.ratio is None else self.target.met(self.ratio),
            "note": self.note,
        }


def table(rows: Sequence[Row], title: str) -> Table:
    """All rows of one benchmark; rates and notes have columns where there are any."""
    rates, notes = any(row.unit == STEP for row in rows), any(row.note for row in rows)
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("Case", "Implementation"):
        shown.add_column(name)
    for name in (rows[0].unit, "Spread", *(["Steps/s"] if rates else []), "Ratio"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("Target", no_wrap=True)
    if notes:
        shown.add_column("Found")
    for row in rows:
        shown.add_row(*_cells(row, rates, notes))
    return shown


def write(rows: Sequence[Row], path: Path) -> None:
    """Keep `rows` as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([row.record() for row in rows]).to_csv(path, index=False)


def _cells(row: Row, rates: bool, notes: bool) -> list[str]:
    spread = "" if len(row.sample.rounds) == 1 else f"{row.sample.spread:.0%}"
    rate = [f"{1000 / row.sample.median:,.0f}"] if rates else []
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
    found = [row.note] if notes else []
    return [row.title, row.implementation, f"{row.sample.median:.4g}", spread, *rate, ratio, _verdict(row), *found]


def _verdict(row: Row) -> str:
    if row.target is None or row.ratio is None:
        return ""
    return f"{row.target} {'met' if row.target.met(row.ratio) else 'MISSED'}"
