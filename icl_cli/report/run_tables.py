"""Tables about stored runs, for the terminal: chosen columns, and what a run was compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from icl_cli.config import RunConfig
from icl_cli.distinguishing import distinguishing_settings, settings_at
from icl_cli.heavy_tails import heavy_tailed, told_by_medians
from icl_cli.report.formatting import measure_text, number, printable
from icl_cli.report.loss_sentences import heavy_tail_sentence
from icl_cli.report.tables import format_value, overflow_of
from icl_cli.store import OTHER_RUN, Comparison, TunedBaseline
from icl_cli.store.fields import shortest_name
from icl_cli.store.records import SHORT_ID_DIGITS

TITLES = {
    "id": "Run",
    "name": "Name",
    "seed": "Seed",
    "status": "Status",
    "step": "Step",
    "loss": "Loss",
    "started": "Started (UTC)",
    "tag": "Tags",
    "note": "Note",
}
# Behind the name of a baseline whose row holds medians over tasks.
MARK = " *"
IDENTITIES = ("id", "family")
# A terminal's width, what parts two columns, and how much of names stays where settings need the room.
WIDTH, GAP, SHORTEST_NAME = 80, 2, 20
MEASURES = {
    "model_loss": "Model",
    "baseline_loss": "Baseline",
    "ratio": "Ratio",
    "cosine": "Cosine",
    "prediction_difference": "Δŷ",
    "model_difference": "Δmodel",
}


def chosen_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Table:
    """A line a run with the values of `columns`, which are its keys."""
    table = _table()
    for name in columns:
        numeric = any(isinstance(row[name], (int, float)) and not isinstance(row[name], bool) for row in rows)
        header = TITLES.get(name, printable(name))
        table.add_column(Text(header), justify="right" if numeric else "left", overflow=overflow_of(header))
    for row in rows:
        table.add_row(*(Text(_cell(name, row[name])) for name in columns))
    return table


@dataclass(frozen=True)
class DifferingColumns:
    """The settings in which listed runs differ, by the names of their fields: those that fit in a terminal, others."""

    shown: Mapping[str, Sequence[Any]]
    left_out: Sequence[str]


def differing_columns(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], configs: Sequence[RunConfig]
) -> DifferingColumns:
    """What to show beside `columns` of `rows`, the configurations of which are `configs`.

    Names are shortened for it only where all of it then fits: they say something of the settings too.
    """
    wanted = {shortest_name(path): path for path in distinguishing_settings(configs)}
    values = {name: [settings_at(config, [path])[0] for config in configs] for name, path in wanted.items()}
    values = {name: own for name, own in values.items() if name not in columns}
    taken = {name: _width(name, [row[name] for row in rows]) for name in columns}
    needed = {name: _width(name, own) for name, own in values.items()}
    if _sum(needed) + _sum(taken) - max(0, taken.get("name", 0) - SHORTEST_NAME) <= WIDTH + GAP:
        return DifferingColumns(values, ())
    room = WIDTH + GAP - _sum(taken)
    shown: dict[str, Sequence[Any]] = {}
    for name, own in values.items():
        if needed[name] + GAP <= room:
            shown[name] = own
            room -= needed[name] + GAP
    return DifferingColumns(shown, [name for name in values if name not in shown])


def _width(name: str, values: Sequence[Any]) -> int:
    return max(cell_len(text) for text in (TITLES.get(name, name), *(_cell(name, value) for value in values)))


def _sum(widths: Mapping[str, int]) -> int:
    """Of columns with what parts each from the next."""
    return sum(width + GAP for width in widths.values())


def comparisons_table(
    latest: Mapping[str, Mapping[str, Comparison]], baselines: Mapping[str, TunedBaseline]
) -> Table | None:
    """A line a baseline: by its id, the last measures of one run against it; None if there are none."""
    rows = [(baselines[each], found) for each, found in latest.items() if each in baselines]
    rows.sort(key=lambda row: (OTHER_RUN in row[0].depends_on, row[0].name))
    if not rows:
        return None
    table = _table()
    for header in ("Compared with", "Step", *MEASURES.values()):
        table.add_column(header, justify="left" if header == "Compared with" else "right", overflow="fold")
    for baseline, found in rows:
        values = {name: found[told].value for name, told in told_by_medians(found, found).items()}
        if {"model_loss", "baseline_loss"} <= values.keys() and values["baseline_loss"]:
            values["ratio"] = values["model_loss"] / values["baseline_loss"]
        step = str(max(one.step for one in found.values()))
        shown = (measure_text(name, values[name]) if name in values else "" for name in MEASURES)
        table.add_row(Text(f"{printable(baseline.name)}{MARK * bool(heavy_tailed(found))}"), step, *shown)
    notes = [sentence for baseline, found in rows for sentence in _heavy_tails(baseline, found)]
    if notes:
        table.caption, table.caption_justify = Text("\n".join([f"{MARK.strip()} medians over tasks.", *notes])), "left"
    return table


def _heavy_tails(baseline: TunedBaseline, found: Mapping[str, Comparison]) -> list[str]:
    """Why medians stand in the place of means."""
    names = {"model_loss": "the model", "baseline_loss": baseline.name}
    return [heavy_tail_sentence(names[loss], loss, found) for loss in heavy_tailed(found)]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, float):
        return number(value)
    if isinstance(value, str):
        return value[:SHORT_ID_DIGITS] if name in IDENTITIES else printable(value.replace("\n", " "))
    return printable(format_value(value))


def _table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")
