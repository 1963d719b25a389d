"""Tables about stored runs, for the terminal: chosen columns, and what a run was compared with."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from icl_cli.heavy_tails import heavy_tailed, told_by_medians
from icl_cli.report.formatting import measure_text, number, printable
from icl_cli.report.loss_sentences import heavy_tail_sentence
from icl_cli.report.tables import format_value, overflow_of
from icl_cli.store import OTHER_RUN, Comparison, TunedBaseline
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
