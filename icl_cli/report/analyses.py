"""What analyses found, for the terminal and for programs."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from icl_cli.report.formatting import measured
from icl_cli.report.json_records import AnalysedRecord, PointRecord
from icl_cli.report.tables import overflow_of
from icl_cli.store import CurvePoint, Run
from icl_cli.sweeps import AnalysedPoints


def analyses_table(found: Sequence[tuple[Run, AnalysedPoints]]) -> Table | None:
    """A line for every single number of every run, or None if there are only curves."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in ("Run", "Name", "Seed", "Measure", "Of", "Value"):
        table.add_column(header, overflow=overflow_of(header), justify="right" if header == "Value" else "left")
    for run, points in found:
        for point in _single_numbers(points):
            value = "–" if math.isnan(point.value) else measured(point.value, point.standard_error)
            table.add_row(run.short_id, Text(run.name), str(run.seed), Text(point.kind), Text(point.learner), value)
    return table if table.row_count else None


def curve_kinds(found: Sequence[tuple[Run, AnalysedPoints]]) -> list[str]:
    """The kinds of the curves, in the order in which they were measured."""
    points = [point for _, points in found for point in _all(points)]
    single = {point.kind for _, points in found for point in _single_numbers(points)}
    return [kind for kind in dict.fromkeys(point.kind for point in points) if kind not in single]


def analyses_record(run: Run, points: AnalysedPoints) -> AnalysedRecord:
    """The points of a run as JSON content."""
    return {
        "id": run.id,
        "name": run.name,
        "seed": run.seed,
        "step": run.step,
        "analyses": {name: [_record(point) for point in measured] for name, measured in points.items()},
    }


def _all(points: Mapping[str, Sequence[CurvePoint]]) -> list[CurvePoint]:
    return [point for measured in points.values() for point in measured]


def _single_numbers(points: Mapping[str, Sequence[CurvePoint]]) -> list[CurvePoint]:
    every = _all(points)
    counts = Counter((point.kind, point.learner) for point in every)
    return [point for point in every if counts[point.kind, point.learner] == 1]


def _record(point: CurvePoint) -> PointRecord:
    return {
        "kind": point.kind,
        "learner": point.learner,
        "x": point.x,
        "value": point.value,
        "standard_error": point.standard_error,
    }
