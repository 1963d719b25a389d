"""The plan of a sweep for the terminal and for programs: a line a configuration, and what is left in all."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from icl_cli.report.formatting import count, duration
from icl_cli.report.json_records import PlanRecord, Standings
from icl_cli.report.tables import format_value
from icl_cli.sweeps.plan import Plan, PlannedPoint, Standing

SECONDS_PER_MINUTE = 60


def plan_table(plan: Plan) -> Table:
    """What sets each configuration apart, its seeds, and how many of them stand where."""
    table = Table(
        title=Text(_title(plan)), title_justify="left", box=None, pad_edge=False, header_style="bold", expand=True
    )
    table.add_column("Configuration", ratio=2, overflow="fold")
    table.add_column("Seeds", justify="right", no_wrap=True)
    table.add_column("Runs", ratio=1, overflow="fold")
    names = _short_names(plan)
    for point in plan.points:
        seeds = str(len(point.runs.point.configs))
        table.add_row(Text(_apart(plan, point, names)), seeds, standings_text(point.standings))
    table.caption = Text(f"{_rest(plan)}\n")
    return table


def plan_record(plan: Plan) -> PlanRecord:
    """The same as JSON content; minutes of training and bytes in the database for what is left."""
    return {
        "sweep": plan.sweep.name,
        "title": plan.sweep.title,
        "quick": plan.quick,
        "runs": sum(plan.standings.values()),
        **_all_standings(plan.standings),
        "training_minutes_left": plan.minutes,
        "bytes_left": plan.room,
        "configurations": [
            {
                "label": point.label,
                "values": dict(point.runs.point.values),
                "seeds": [config.seed for config in point.runs.point.configs],
                "ids": [config.identity for config in point.runs.point.configs],
                **_all_standings(point.standings),
            }
            for point in plan.points
        ],
    }


def standings_text(standings: Mapping[Standing, int]) -> str:
    """`3 done, 2 missing`."""
    return ", ".join(f"{standings[standing]} {standing}" for standing in Standing if standings.get(standing))


def size_text(size: int) -> str:
    """`≈ 120 kB`, `≈ 3.4 MB`."""
    for unit, one in (("GB", 1e9), ("MB", 1e6)):
        if size >= one:
            return f"{size / one:.2g} {unit}" if size < 10 * one else f"{size / one:.0f} {unit}"
    return f"{max(1, round(size / 1e3))} kB"


def _title(plan: Plan) -> str:
    return f"{plan.sweep.name}{' (quick)' if plan.quick else ''}: {plan.sweep.title}"


def _rest(plan: Plan) -> str:
    runs = f"{count(sum(plan.standings.values()), 'run')}: {standings_text(plan.standings)}."
    if plan.is_done:
        return f"{runs} Nothing is left to train."
    return f"{runs} Training left: {_time(plan)}. Room in the database: ≈ {size_text(plan.room)}."


def _time(plan: Plan) -> str:
    if plan.minutes is None:
        return "known once a run has finished, or the file says what all take (minutes)"
    return f"≈ {duration(plan.minutes * SECONDS_PER_MINUTE)}"


def _apart(plan: Plan, point: PlannedPoint, names: Mapping[str, str]) -> str:
    """The values of the grid, after the label where a sweep has several or there are no values."""
    values = ", ".join(f"{names[path]} {_text(value)}" for path, value in point.runs.point.values.items())
    label = point.label if len(plan.sweep.runs) > 1 or not values else ""
    return ": ".join(part for part in (label, values) if part)


def _text(value: Any) -> str:
    """A value as the file has it, but for the brackets and quotes."""
    return str(value).lower() if isinstance(value, bool) else format_value(value)


def _short_names(plan: Plan) -> dict[str, str]:
    """The last word of each path, or all of it where another path ends in the same word."""
    paths = {path for point in plan.points for path in point.runs.point.values}
    ends = {path: path.split(".")[-1] for path in paths}
    unique = Counter(ends.values())
    return {path: end if unique[end] == 1 else path for path, end in ends.items()}


def _all_standings(standings: Mapping[Standing, int]) -> Standings:
    return Standings(**{standing.value: standings.get(standing, 0) for standing in Standing})
